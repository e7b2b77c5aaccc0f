/** Elements, and how values are written. Text never becomes HTML. */

/** Make an element, such as `p.wait`; children are nodes and text. */
export function h(tag, ...children) {
	const [name, ...classes] = tag.split(".");
	const element = document.createElement(name);
	if (classes.length) element.className = classes.join(" ");
	const props = children[0]?.constructor === Object ? children.shift() : {};
	for (const [key, value] of Object.entries(props)) {
		if (key === "label") element.ariaLabel = value || null;
		else if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
		else if (typeof value === "string") element.setAttribute(key, value);
		else element[key] = value;
	}
	element.append(...children.flat(9).filter((child) => child && child !== true));
	return element;
}

/** Make a button; a failure of its work is shown behind it. */
export function button(content, work, props) {
	const made = h("button", { type: "button", ...props }, content);
	made.onclick = async () => {
		made.disabled = true;
		if (made.nextElementSibling?.role === "alert") made.nextElementSibling.remove();
		try {
			await work();
		} catch (error) {
			made.after(problem(error));
		}
		made.disabled = false;
	};
	return made;
}

export const link = (content, work) => button(content, work, { class: "link" });
export const wait = (text) => h("p.wait", text);
export const row = (...content) => h("div.row", content);
export const line = (name, placeholder = "") => h("input", { name, placeholder, label: placeholder, autocomplete: "off" });
export const field = (name, control, hint) => h("label.field", h("span", name), control, hint && h("small", hint));

export const find = (placeholder, word, work) => {
	const input = line("find", placeholder);
	const onsubmit = (event) => (event.preventDefault(), work(input.value.trim()));
	return h("form.row.find", { onsubmit }, input, h("button", word));
};

export const say = (text) => (document.getElementById("said").textContent = text);

/** Show what a work gives in a place; a failure with a way to try again. */
export async function load(place, work, signal) {
	place.replaceChildren(wait("Loading…"));
	try {
		const made = await work();
		if (!signal.aborted) place.replaceChildren(...[made].flat(9).filter(Boolean));
	} catch (error) {
		if (!signal.aborted) place.replaceChildren(problem(error, () => load(place, work, signal)));
	}
}

/** Take the first page; the button takes the next. */
export async function paged(walk, word, take) {
	const more = button(word, add);
	async function add() {
		const { value } = await walk.next();
		take(value.data);
		more.hidden = !value.more;
	}
	await add();
	return more;
}

export const problem = (error, again) =>
	h("div.problem", { role: "alert" }, h("strong", error.title ?? "The page has a fault"), h("p", error.message), again && button("Try again", again));

export const empty = (title, text, more) => h("div.empty", h("strong", title), h("p", text), more);

export function show(title, ...content) {
	const close = button("✕", () => dialog.close(), { class: "quiet", label: "Close" });
	const dialog = h("dialog", { label: title, onclose: () => dialog.remove() }, h("header.row", h("h2", title), close), content);
	document.body.append(dialog);
	dialog.showModal();
	return dialog;
}

/** Show JSON, folded; text that is none as it is. */
export function folded(title, value) {
	let text = value;
	try {
		text = JSON.stringify(typeof value === "string" ? JSON.parse(value) : value, null, 2);
	} catch {}
	return h("details", h("summary", title), h("pre", text || "—"));
}

export const bytes = (count = 0) => (count < 1e3 ? `${count} bytes` : count < 1e6 ? `${(count / 1e3).toFixed(1)} KB` : `${(count / 1e6).toFixed(1)} MB`);

/** Give seconds; some servers send milliseconds. */
export const seconds = (time) => (time > 1e11 ? time / 1000 : time);

export function when(time) {
	const date = new Date(seconds(time ?? NaN) * 1000);
	if (Number.isNaN(+date)) return "—";
	const dateStyle = date.toDateString() === new Date().toDateString() ? undefined : "medium";
	return h("time", { datetime: date.toISOString() }, date.toLocaleString("en-GB", { dateStyle, timeStyle: "short" }));
}

export const words = (name) => String(name).replaceAll("_", " ");
export const status = (name) => h("span.status", { "data-s": String(name) }, words(name));
export const facts = (one) => [h("code", one.id), when(one.created_at), ...Object.entries(one.metadata ?? {}).map(([name, text]) => h("span.chip", h("b", name), ` ${text}`))];
