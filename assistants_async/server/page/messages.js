/** Messages: text with footnotes, images, files to open and save. */

import { at, content, get } from "./api.js";
import { button, bytes, folded, h, link, load, row, show, status, wait, when, words } from "./dom.js";

export const isPicture = (name) => /\.(png|jpe?g|gif|webp)$/i.test(name);

const known = new Map();

/** Show the name of an object, asked for once; `text` until then. */
export function named(path, id, text = id) {
	const place = h("span", text);
	if (id && !known.has(id)) known.set(id, get(path + at`/${id}`).catch(() => ({})));
	known.get(id)?.then((found) => (place.textContent = found.name || found.filename || text));
	return place;
}

export function openFile(id) {
	show("File", loaded(async () => {
		const { filename } = await get(at`/files/${id}`);
		const blob = await content(id);
		const save = button("Save", () => {
			// This type is never opened as a page.
			const href = URL.createObjectURL(new Blob([blob], { type: "application/octet-stream" }));
			h("a", { href, download: filename }).click();
		});
		return [row(h("strong", filename), h("small", bytes(blob.size)), save), await preview(blob, filename)];
	}));
}

async function preview(blob, name) {
	if (isPicture(name)) return picture(blob, name);
	const part = new Uint8Array(await blob.slice(0, 200000).arrayBuffer());
	return part.includes(0) ? wait("This file is no text.") : h("pre", new TextDecoder().decode(part), blob.size > part.length && "\n…");
}

function loaded(work) {
	const place = h("div");
	load(place, work, {});
	return place;
}

function picture(blob, alt) {
	const image = h("img", { src: URL.createObjectURL(blob), alt, onerror: () => image.replaceWith(wait(`${alt} is no picture.`)) });
	return image;
}

/** Show a part of a message. A picture elsewhere is a link: to show it would ask its host. */
function part(one, notes) {
	switch (one.type) {
		case "text":
			return h("div.text", withNotes(String(one.text?.value ?? one.text ?? ""), one.text?.annotations ?? [], notes));
		case "refusal":
			return h("div.text", one.refusal);
		case "image_file":
			return loaded(async () => picture(await content(one.image_file.file_id), "image"));
		case "image_url": {
			const src = String(one.image_url?.url);
			if (/^data:image\/(png|jpeg|gif|webp);base64,/.test(src)) return h("img", { src, alt: "image" });
			return h("p.chip", "image at ", /^https?:/i.test(src) ? h("a", { href: src, rel: "noreferrer", target: "_blank" }, src) : src);
		}
		default:
			return folded(`A part: ${one.type}`, one);
	}
}

const fileOf = (note) => note.file_citation?.file_id ?? note.file_path?.file_id;
const open = (note) => (fileOf(note) ? openFile(fileOf(note)) : show("Footnote", h("p", note.url_citation?.url ?? note.text)));

/** Cut a text at its annotations, whose places count characters and not units of UTF-16. */
function withNotes(value, annotations, notes) {
	const letters = Array.from(value);
	const parts = [];
	let end = 0;
	for (const note of annotations.toSorted((a, b) => a.start_index - b.start_index)) {
		let place = notes.findIndex((one) => fileOf(one) && fileOf(one) === fileOf(note));
		if (place < 0) place = notes.push(note) - 1;
		const { start_index: from, end_index: to } = note;
		if (!(from >= end && to > from && to <= letters.length)) continue;
		const mark = button(String(place + 1), () => open(note), { class: "link", label: `Footnote ${place + 1}` });
		parts.push(letters.slice(end, from).join(""), h("sup", mark));
		end = to;
	}
	return [...parts, letters.slice(end).join("")];
}

export function article(message, runs) {
	const notes = [];
	const body = (message.content ?? []).map((one) => part(one, notes));
	const isUser = message.role === "user";
	const isCut = message.status === "incomplete";
	const who = h("span.who", isUser ? "user" : named("/assistants", message.assistant_id, "assistant"));
	return h(
		isUser ? "article.message.user" : "article.message",
		{ id: `m:${message.id}`, label: `Message of ${message.role}` },
		h("header.row", who, when(message.created_at), message.run_id && runs && h("a", { href: runs(message.run_id) }, "run"), isCut && status("incomplete")),
		body.length ? body : wait(message.status === "in_progress" ? "…" : "(empty)"),
		isCut && h("small", `Cut: ${words(message.incomplete_details?.reason)}`),
		notes.length > 0 && h("ol.notes", notes.map((note) => h("li", link(fileOf(note) ? named("/files", fileOf(note)) : (note.url_citation?.title ?? note.text), () => open(note))))),
		(message.attachments ?? []).map(({ file_id: file }) => file && h("p.chip", "attached: ", link(named("/files", file), () => openFile(file)))),
	);
}

export const lineOf = (message) => (message.content ?? []).map((one) => one.text?.value ?? one.refusal ?? `[${one.type}]`).join(" ");
