/** Files, and the vector stores that search them. */

import { at, get, pages, post } from "./api.js";
import { bytes, empty, facts, find, h, link, load, paged, status, when } from "./dom.js";
import { named, openFile } from "./messages.js";
import { results } from "./runs.js";
import { Uploads } from "./uploads.js";

async function table(path, heads, cells, signal, nothing) {
	const body = h("tbody");
	const more = await paged(pages(path, signal), "More", (data) => body.append(...data.map((item) => h("tr", cells(item).map((one) => h("td", one))))));
	return body.children.length ? [h("table", h("thead", h("tr", heads.map((one) => h("th", { scope: "col" }, one)))), body), more] : nothing;
}

export async function filesView(main, _args, signal) {
	const place = h("div");
	const uploads = new Uploads(signal, "Upload files", () => load(place, list, signal));
	const cells = (file) => [[link(file.filename, () => openFile(file.id)), h("code", file.id)], bytes(file.bytes), file.purpose, when(file.created_at)];
	const list = () => table("/files", ["File", "Size", "Purpose", "Created"], cells, signal, empty("No files yet", "Upload one to open it here, or to give it to an assistant."));
	main.append(h("header.head", h("h1", "Files"), uploads.choose), uploads.list, place);
	await load(place, list, signal);
}

const counts = ({ completed = 0, total = 0, failed } = {}) => `${completed} of ${total} ready${failed ? `, ${failed} failed` : ""}`;

export async function storesView(main, _args, signal) {
	const place = h("div");
	const maker = find("Name of a new store", "Make", (name) => load(place, async () => {
		location.hash = at`#/stores/${(await post("/vector_stores", { name }, signal)).id}`;
	}, signal));
	const cells = (store) => [
		[h("a", { href: at`#/stores/${store.id}` }, store.name || "(no name)"), h("code", store.id)],
		counts(store.file_counts), bytes(store.usage_bytes), status(store.status), when(store.created_at),
	];
	const nothing = empty("No vector stores yet", "Make one, put files in it, and search it.");
	main.append(h("header.head", h("h1", "Vector stores"), maker), place);
	await load(place, () => table("/vector_stores", ["Store", "Files", "Size", "Status", "Created"], cells, signal, nothing), signal);
}

export async function storeView(main, [store], signal) {
	const path = at`/vector_stores/${store}`;
	const title = h("h1", "Vector store");
	const about = h("div.about");
	const place = h("div");
	const found = h("div");
	const search = find("Words to search for", "Search", (query) => load(found, async () => {
		const page = await post(`${path}/search`, { query }, signal);
		return results(page.data, (one, name) => link(name, () => openFile(one.file_id)));
	}, signal));
	const uploads = new Uploads(signal, "Upload files", async (file) => {
		await post(`${path}/files`, { file_id: file.id }, signal);
		await load(place, list, signal);
	});
	const cells = (file) => [
		[link(named("/files", file.id), () => openFile(file.id)), h("code", file.id)],
		[status(file.status), h("small", file.last_error?.message)],
		bytes(file.usage_bytes),
	];

	async function list() {
		const one = await get(path, signal);
		title.textContent = one.name || "Vector store";
		about.replaceChildren(...facts(one), status(one.status), counts(one.file_counts));
		if (one.file_counts?.in_progress) setTimeout(() => signal.aborted || load(place, list, signal), 700);
		return table(`${path}/files`, ["File", "Status", "Size"], cells, signal, empty("No files in it", "Upload one, and search it."));
	}

	main.append(h("header.head", title, about, uploads.choose), uploads.list, search, found, h("h2", "Files"), place);
	await load(place, list, signal);
}
