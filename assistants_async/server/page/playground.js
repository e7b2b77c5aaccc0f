/** The playground: an assistant is made or chosen, written to, watched; its calls are answered by hand. */

import { all, at, events, get, pages, post, Refusal, settings } from "./api.js";
import { button, empty, h, load, problem, row, say, show, wait } from "./dom.js";
import { Live } from "./live.js";
import { article, isPicture } from "./messages.js";
import { program } from "./python.js";
import { follow, isActive, pathOf, showRun } from "./runs.js";
import { setup } from "./setup.js";
import { toolForm } from "./tools.js";
import { Uploads } from "./uploads.js";

export async function playground(main, [given], signal) {
	let thread = given;
	let live, drawing;
	const done = []; // becomes Python
	const isWaiting = () => live?.run?.status === "requires_action";
	const form = await setup(signal, done);
	const list = h("div", { role: "log", label: "Messages" }, empty("Nothing said so far", "Choose an assistant or fill in a new one, and write."));
	const side = h("aside.side", { label: "Run" }, wait("A run is shown here."));
	const action = h("div");
	const input = h("textarea", { name: "message", rows: 3, placeholder: "Write a message", label: "Message", onkeydown: (event) => {
		if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
		event.preventDefault();
		if (!send.disabled) talk();
	} });
	const send = h("button.main", { type: "button", onclick: talk }, "Send");
	const uploads = new Uploads(signal, "Attach files");
	const python = button("Copy as Python", () => {
		const code = program(settings, done);
		show("As Python", navigator.clipboard && button("Copy", () => navigator.clipboard.writeText(code)), h("pre", code));
	});
	const anew = button("New thread", () => {
		location.hash = "#/playground";
		location.reload();
	});
	const composer = h("div.composer", input, uploads.list, row(uploads.choose, h("small", "Shift + Enter begins a line"), send));
	main.append(h("header.head", h("h1", "Playground"), python, anew), h("div.bench", form.element, h("section.talk", list, action, composer), side));
	input.focus();
	if (thread) {
		done.push({ kind: "thread", id: thread });
		load(list, async () => {
			const { value } = await pages(at`/threads/${thread}/messages`, signal).next();
			return value.data.reverse().map((message) => article(message));
		}, signal);
	}

	async function written(tools) {
		const text = input.value.trim();
		const parts = text ? [{ type: "text", text }] : [];
		const kinds = tools.filter((tool) => /^(file_search|code_interpreter)$/.test(tool.type));
		const attachments = [];
		for (const { id, filename } of await uploads.files()) {
			if (isPicture(filename)) parts.push({ type: "image_file", image_file: { file_id: id } });
			else attachments.push({ file_id: id, tools: kinds.length ? kinds : [{ type: "file_search" }] });
		}
		if (!parts.length) throw new Refusal("Nothing to send", "Write a message first.");
		return { role: "user", content: parts.length > 1 || !text ? parts : text, ...(attachments.length && { attachments }) };
	}

	async function talk() {
		send.disabled = true;
		live = undefined;
		action.replaceChildren();
		try {
			const wanted = form.read();
			const params = await written(wanted.tools);
			const { assistant, changes } = await form.assistant(wanted);
			if (!thread) {
				thread = (await post("/threads", {}, signal)).id;
				done.push({ kind: "thread" });
			}
			const message = await post(at`/threads/${thread}/messages`, params, signal);
			done.push({ kind: "message", params }, { kind: "run", params: changes });
			list.querySelector(".empty")?.remove();
			list.append(article(message));
			input.value = "";
			uploads.clear();
			live = new Live(list, draw);
			await go(at`/threads/${thread}/runs`, { assistant_id: assistant, ...changes }, message);
		} catch (error) {
			if (live && !live.run) done.pop();
			if (!signal.aborted) action.append(problem(error));
		}
		send.disabled = isWaiting();
	}

	/** Read a stream to its end; where it breaks off, poll the run. */
	async function go(path, body, message) {
		try {
			for await (const [name, data] of events(path, body, signal)) live.take(name, data);
			if (isActive(live.run) && !isWaiting()) throw new Refusal("The stream broke off");
		} catch (error) {
			if (signal.aborted || error.status) throw error;
			if (!live.run) {
				// Nothing arrived: the run is younger than the message.
				const [run] = (await get(path, signal, { limit: 1 })).data;
				if (!(run?.created_at >= message.created_at)) throw error;
				live.found(run);
			}
			await poll(error.title ?? "The stream broke off");
		}
		say(`Run ${live.run.status}`);
		if (isWaiting()) ask();
	}

	async function poll(title) {
		const note = h("p.chip", { role: "status" }, `${title}: asking for the run instead.`);
		action.append(note);
		for await (const [run, steps] of follow(live.run, signal)) live.found(run, steps);
		const messages = await all(at`/threads/${thread}/messages`, signal, { run_id: live.run.id, order: "asc" });
		for (const message of messages) if (message.run_id === live.run.id) live.show(message);
		note.textContent = `${title}: the rest was read by asking.`;
	}

	function ask() {
		const made = toolForm(live.run, async (body) => {
			const outputs = body.tool_outputs?.map((one) => one.output);
			done.push({ kind: "outputs", outputs });
			await go(`${pathOf(live.run)}/submit_tool_outputs`, body).catch((error) => {
				done.pop();
				throw error;
			});
			made.remove();
			send.disabled = isWaiting();
		});
		action.append(made);
		made.querySelector("textarea, select").focus();
	}

	function draw() {
		// Deltas come by the hundred.
		drawing ??= setTimeout(() => {
			drawing = undefined;
			if (signal.aborted || !live?.run) return;
			showRun(side, live.run, live.steps, (run) => live.found(run), live.seen);
		}, 100);
	}
}
