/** Tool calls answered by hand: a form made of the schema of each function. */

import { button, field, folded, h, wait } from "./dom.js";

/** Show the arguments of a call by the properties of its schema. */
function given(text, schema) {
	const known = schema?.properties ?? {};
	let values;
	try {
		values = JSON.parse(text || "{}");
	} catch {}
	if (values?.constructor !== Object) return [h("p.problem", "The arguments are no object of JSON:"), h("pre", text)];
	const names = [...new Set([...Object.keys(known), ...Object.keys(values)])];
	return h("dl", names.map((name) => {
		const about = Object.hasOwn(known, name) ? known[name] : { type: "not in the schema" };
		const value = Object.hasOwn(values, name) ? values[name] : wait("not given");
		const shown = value instanceof Node || typeof value === "string" ? value : JSON.stringify(value, null, 2);
		return [h("dt", name, " ", h("small", about.type)), h("dd", shown, " ", h("small", about.description))];
	}));
}

export function toolForm(run, submit) {
	const approvals = run.required_action.submit_tool_approval?.tool_calls;
	const calls = approvals ?? run.required_action.submit_tool_outputs.tool_calls;
	const controls = calls.map(() => (approvals ? h("select", h("option", "approve"), h("option", "refuse")) : h("textarea.code", { rows: 2 })));
	const parts = calls.map((call, place) => {
		const name = call.function?.name ?? call.name;
		const tool = run.tools?.find((one) => one.function?.name === name)?.function;
		return h("fieldset", h("legend", h("code", name)), tool?.description,
			approvals ? folded("Arguments", call.arguments) : given(call.function.arguments, tool?.parameters), field(approvals ? "Decision" : "Output", controls[place]));
	});
	const answers = (member) => calls.map(({ id }, place) => ({ tool_call_id: id, ...member(controls[place].value) }));
	const body = () => (approvals ? { tool_approvals: answers((value) => ({ approve: value === "approve" })) } : { tool_outputs: answers((output) => ({ output })) });
	return h("section.answering", { label: "Tool calls" }, h("h2", "The run waits for tools"), parts, button("Send the answers", () => submit(body()), { class: "main" }));
}
