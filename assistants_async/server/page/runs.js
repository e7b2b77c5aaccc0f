/** A run: its time, steps, use, and why it ended. */

import { all, at, get, post } from "./api.js";
import { button, folded, h, link, row, seconds, status, wait, when, words } from "./dom.js";

export const isActive = (run) => ["queued", "in_progress", "requires_action", "cancelling"].includes(run.status);
export const pathOf = (run) => at`/threads/${run.thread_id}/runs/${run.id}`;

export const stepsOf = (run, signal) =>
	all(`${pathOf(run)}/steps`, signal, { order: "asc", "include[]": "step_details.tool_calls[*].file_search.results[*].content" });

const callsOf = (step) => step.step_details?.tool_calls ?? [];

/** Part the time of a run into states: exact where seen, else whole seconds. */
function phases(run, steps, seen) {
	const ended = run.completed_at ?? run.failed_at ?? run.cancelled_at ?? steps.at(-1)?.completed_at ?? run.expires_at ?? run.created_at;
	const end = isActive(run) ? Date.now() / 1000 : (seen.at(-1)?.at ?? seconds(ended));
	const marks = seen.filter(isActive);
	const mark = (status, time) => time && marks.push({ status, at: seconds(time) });
	if (!marks.length) {
		mark("queued", run.created_at);
		mark("in_progress", run.started_at);
		for (const step of steps.filter((one) => callsOf(one).some((call) => call.type === "function"))) {
			mark("requires_action", step.created_at);
			mark("in_progress", step.completed_at);
		}
	}
	const found = marks.map(({ status, at }, n) => ({ name: status, took: Math.max(0, (marks[n + 1]?.at ?? end) - at) }));
	return seen.length ? found : found.filter((one, n) => one.took || n < 2 || one.name === "requires_action");
}

const spent = (time) => (time < 1 ? "< 1 s" : time < 100 ? `${+time.toFixed(1)} s` : `${Math.round(time / 60)} min`);

function timeline(run, steps, seen) {
	const found = phases(run, steps, seen);
	const whole = found.reduce((sum, one) => sum + one.took, 0);
	const bar = found.map((one) => {
		const piece = h("span", { "data-s": one.name });
		piece.style.flexGrow = whole ? one.took / whole : 1;
		return piece;
	});
	const list = found.map(({ name, took }) => h("li", { "data-s": name }, name === "requires_action" ? "waits for tools" : words(name), h("b", ` ${spent(took)}`)));
	return h("div.timeline", h("div.bar", bar), h("ol", { label: "Time of the run" }, list, isActive(run) || h("li", { "data-s": run.status }, words(run.status))));
}

function callOf(call) {
	const made = call[call.type] ?? {};
	const head = h("p", h("code", made.name ?? words(call.type)));
	switch (call.type) {
		case "function":
			return [head, folded("Arguments", made.arguments), made.output == null ? wait("no output yet") : folded("Output", made.output)];
		case "file_search":
			return [head, results(made.results ?? [])];
		default:
			return [head, folded("The call as JSON", call)];
	}
}

/** Show what a search found; `open` makes the way to a file. */
export function results(found, open = (_one, name) => name) {
	const max = Math.max(...found.map((one) => one.score ?? 0)) || 1;
	const item = (one) => {
		const texts = (one.content ?? []).map((part) => part.text).join("\n\n");
		const meter = h("meter", { value: (one.score ?? 0) / max, label: "score" });
		return h("li", row(open(one, one.file_name ?? one.filename ?? one.file_id), meter, h("b", (one.score ?? 0).toFixed(3))), texts && h("details", h("summary", "Text"), h("pre", texts)));
	};
	return found.length ? h("ol.results", found.map(item)) : wait("Nothing was found.");
}

const failure = (error) => (error ? h("div.problem", h("strong", words(error.code)), h("p", error.message)) : "");
const KINDS = { message_creation: "Wrote a message", tool_calls: "Called tools" };

function stepOf(step) {
	const id = step.step_details?.message_creation?.message_id;
	const used = step.usage && h("small", `${step.usage.prompt_tokens} + ${step.usage.completion_tokens} tokens`);
	return h("li", row(h("strong", KINDS[step.type] ?? words(step.type)), step.status !== "completed" && status(step.status), used),
		id ? link(id, () => document.getElementById(`m:${id}`)?.scrollIntoView({ block: "center" })) : callsOf(step).map(callOf),
		KINDS[step.type] ? "" : folded("Details", step.step_details), failure(step.last_error));
}

/** Show a run; what is unfolded stays so. `seen` are states seen live, and when. */
export function showRun(place, run, steps, changed, seen = []) {
	const text = JSON.stringify([run, steps]);
	if (place.shown === text) return;
	place.shown = text;
	const open = [...place.querySelectorAll("details")].map((one) => one.open);
	const fact = (name, value) => value && [h("dt", name), h("dd", value)];
	const reason = run.incomplete_details?.reason;
	const cancel = button("Cancel", async () => changed(await post(`${pathOf(run)}/cancel`)), { class: "danger" });
	place.replaceChildren(
		row(h("h2", "Run"), status(run.status), isActive(run) && run.status !== "cancelling" && cancel),
		timeline(run, steps, seen),
		failure(run.last_error),
		failure(reason && { code: "incomplete", message: `The reason: ${words(reason)}.` }),
		h("dl", fact("id", h("code", run.id)), fact("assistant", h("code", run.assistant_id)), fact("model", run.model), fact("created", when(run.created_at)),
			fact("tokens", run.usage && `${run.usage.prompt_tokens} read, ${run.usage.completion_tokens} written`)),
		folded("The run as JSON", run),
		h("h3", "Steps"),
		steps.length ? h("ol.steps", steps.map(stepOf)) : wait("None so far."),
	);
	// A run only grows: its folds keep their order.
	place.querySelectorAll("details").forEach((one, number) => (one.open = open[number] ?? false));
}

/** Poll a run until it waits for tools or is over. */
export async function* follow(run, signal) {
	for (let pause = 300; !signal.aborted; pause = Math.min(3000, pause * 1.3)) {
		const found = await get(pathOf(run), signal);
		yield [found, await stepsOf(found, signal)];
		if (!isActive(found) || found.status === "requires_action") return;
		await new Promise((resolve) => setTimeout(resolve, pause));
	}
}
