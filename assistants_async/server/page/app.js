/** The page: its view, and the key where one is asked for. */

import { start } from "./api.js";
import { button, field, h, problem, row, say, show } from "./dom.js";
import { filesView, storesView, storeView } from "./files.js";
import { playground } from "./playground.js";
import { threadsView, threadView } from "./threads.js";

const VIEWS = new Map([
	["threads", ["Threads", threadsView, threadView]],
	["playground", ["Playground", playground, playground]],
	["files", ["Files", filesView, filesView]],
	["stores", ["Vector stores", storesView, storeView]],
]);
const main = document.getElementById("main");
let shown = {};

async function go() {
	let name, args;
	try {
		[name, ...args] = location.hash.slice(2).split("/").map(decodeURIComponent);
	} catch {}
	if (!VIEWS.has(name)) return location.replace("#/threads");
	const [title, whole, single] = VIEWS.get(name);
	const view = args[0] ? single : whole;
	// Another run of the same thread: the conversation stays.
	if (shown.view === view && shown.key && shown.key === args[0]) return shown.select(args);
	shown.stop?.abort();
	const stop = new AbortController();
	shown = { view, stop };
	document.title = `${title} · Assistants`;
	for (const one of document.querySelectorAll("nav a")) one.ariaCurrent = one.hash === `#/${name}` ? "page" : null;
	main.replaceChildren();
	say(title);
	main.focus();
	try {
		Object.assign(shown, await view(main, args, stop.signal));
	} catch (error) {
		if (!stop.signal.aborted) main.append(problem(error));
	}
}

/** Ask for the key. */
const askKey = (message) =>
	new Promise((resolve) => {
		const input = h("input", { type: "password", name: "key", required: true });
		const given = (event) => {
			event.preventDefault();
			resolve(input.value.trim());
			dialog.close();
		};
		const buttons = row(h("button.main", "Go on"), button("Without a key", () => dialog.close()));
		const hint = "It is kept for this tab, and sent to this server alone.";
		const dialog = show("This server asks for a key", h("form", { onsubmit: given }, message && problem({ title: "The key was refused", message }), field("Key", input, hint), buttons));
		dialog.addEventListener("close", () => resolve(null));
		input.focus();
	});

document.getElementById("skip").onclick = () => main.focus();
try {
	const settings = await start(askKey);
	document.getElementById("server").textContent = settings.server;
	addEventListener("hashchange", go);
	await go();
} catch (error) {
	main.append(problem({ title: "The page cannot start", message: error.message }));
}
