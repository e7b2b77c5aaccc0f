/** Uploads: a button that chooses files, and a list with their progress. */

import { upload } from "./api.js";
import { button, h, problem } from "./dom.js";
import { isPicture } from "./messages.js";

export class Uploads {
	#sent = new Set();
	list = h("ul.uploads");

	constructor(signal, word, arrived) {
		const picker = h("input", { type: "file", multiple: true, hidden: true, onchange: () => {
			for (const file of picker.files) this.#add(file, signal, arrived);
			picker.value = "";
		} });
		this.choose = [picker, button(word, () => picker.click())];
	}

	async #add(file, signal, arrived) {
		const bar = h("progress", { value: 0, label: `Upload of ${file.name}` });
		const sent = upload(file, isPicture(file.name) ? "vision" : "assistants", (share) => (bar.value = share), signal);
		const leave = () => {
			made.remove();
			this.#sent.delete(sent);
		};
		const made = h("li.chip", file.name, bar, button("✕", leave, { class: "quiet", label: `Leave out ${file.name}` }));
		this.#sent.add(sent);
		this.list.append(made);
		try {
			const found = await sent;
			bar.remove();
			if (arrived) await arrived(found).then(leave);
		} catch (error) {
			bar.replaceWith(problem(error));
		}
	}

	files = () => Promise.all(this.#sent);

	clear() {
		this.#sent.clear();
		this.list.replaceChildren();
	}
}
