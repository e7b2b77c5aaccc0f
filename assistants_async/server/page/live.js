/** A run as its events add up: its state, its steps, its messages. */

import { Refusal } from "./api.js";
import { h } from "./dom.js";
import { article } from "./messages.js";
import { isActive } from "./runs.js";

/** Add a delta of a step: texts grow, lists are filled by index. */
function merge(into, delta) {
	for (const [name, value] of Object.entries(delta)) {
		if (name === "__proto__" || name === "index") continue;
		if (Array.isArray(value)) {
			const list = (into[name] ??= []);
			for (const [place, one] of value.entries()) {
				const given = one.index ?? place;
				const index = list[given] ? given : list.length;
				list[index] = merge(list[index] ?? {}, one);
			}
		} else if (value instanceof Object) into[name] = merge(into[name] ?? {}, value);
		else into[name] = ["arguments", "input", "logs"].includes(name) ? (into[name] ?? "") + (value ?? "") : value;
	}
	return into;
}

export class Live {
	seen = [];
	#steps = new Map();
	#writing = new Map();

	/** `list` shows the messages; `changed` hears of the rest. */
	constructor(list, changed) {
		Object.assign(this, { list, changed });
	}

	get steps() {
		return [...this.#steps.values()];
	}

	found(run, steps = []) {
		if (this.run && !isActive(this.run)) return; // a late answer
		if (run.status !== this.run?.status) this.seen.push({ status: run.status, at: Date.now() / 1000 });
		this.run = run;
		for (const step of steps) this.#steps.set(step.id, step);
		this.changed();
	}

	take(name, data) {
		if (name === "error" || data.error) throw new Refusal("The stream ended with an error", data.error?.message ?? data.message ?? "It gave no reason.");
		if (name === "thread.message.delta") this.#write(data);
		else if (name.startsWith("thread.message.")) this.show(data);
		else if (name === "thread.run.step.delta") merge(this.#steps.get(data.id) ?? {}, data.delta);
		else if (name.startsWith("thread.run.step.")) this.#steps.set(data.id, data);
		else if (name.startsWith("thread.run.")) this.found(data);
		this.changed();
	}

	show(message) {
		const made = article(message);
		const old = document.getElementById(`m:${message.id}`);
		if (old) old.replaceWith(made);
		else this.list.append(made);
		this.#writing.set(message.id, [made, new Map()]);
		made.classList.toggle("writing", message.status === "in_progress");
		made.scrollIntoView({ block: "nearest" });
	}

	#write({ id, delta }) {
		if (!this.#writing.has(id)) this.show({ id, role: "assistant", status: "in_progress" });
		const [made, parts] = this.#writing.get(id);
		for (const [place, one] of (delta.content ?? []).entries()) {
			const at = one.index ?? place;
			const text = one.text?.value ?? one.refusal;
			if (!text) continue;
			if (!parts.has(at)) {
				parts.set(at, document.createTextNode(""));
				made.querySelector(".wait")?.remove();
				made.append(h("div.text", parts.get(at)));
			}
			parts.get(at).appendData(text);
		}
		made.scrollIntoView({ block: "nearest" });
	}
}
