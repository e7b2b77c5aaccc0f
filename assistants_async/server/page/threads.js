/** Threads: the list, searched, and one of them as a conversation beside its runs. */

import { all, at, get, pages, Refusal } from "./api.js";
import { button, empty, facts, find, h, load, paged, problem, say, status, wait, when } from "./dom.js";
import { article, lineOf } from "./messages.js";
import { follow, isActive, showRun, stepsOf } from "./runs.js";

const there = (thread) => at`#/threads/${thread}`;
const messagesOf = (thread) => at`/threads/${thread}/messages`;
const newest = async (thread, limit, signal) => (await get(messagesOf(thread.id), signal, { limit, order: "desc" })).data.map(lineOf);

async function each(items, work) {
	const left = [...items];
	const worker = async () => {
		while (left.length) await work(left.shift());
	};
	await Promise.all([1, 2, 3, 4, 5].map(worker));
}

/** Show threads as rows; their newest messages follow, unless a text is given. */
function addRows(list, threads, signal, text) {
	const rows = threads.map((thread) => {
		const said = h("span.line", text?.slice(0, 300) ?? "…");
		list.append(h("li", h("a", { href: there(thread.id) }, said, h("span.about", facts(thread)))));
		return [thread, said];
	});
	if (!text) each(rows, async ([thread, said]) => {
		const [first = "(no messages)"] = await newest(thread, 1, signal).catch(() => ["(its messages cannot be read)"]);
		said.textContent = first.slice(0, 300);
	});
}

/** Give signals that each end with the next. */
function latest(signal) {
	let stop = new AbortController();
	return () => {
		stop.abort();
		stop = new AbortController();
		return AbortSignal.any([signal, stop.signal]);
	};
}

export async function threadsView(main, _args, signal) {
	const place = h("div");
	const next = latest(signal);
	const search = find("Id, metadata or words", "Find", (wanted) => {
		const own = next();
		load(place, () => (wanted ? found(wanted, own) : list()), own);
	});

	async function list() {
		const rows = h("ul.rows");
		try {
			const older = await paged(pages("/threads", signal, { limit: 25 }), "Older threads", (data) => addRows(rows, data, signal));
			if (rows.children.length) return [rows, older];
		} catch (error) {
			if (![404, 405, 410, 501].includes(error.status)) throw error;
			return empty("This server lists no threads", "Find one by its id.");
		}
		return empty("No threads yet", "Begin one in the playground.", h("a.button", { href: "#/playground" }, "To the playground"));
	}

	/** Look through the threads. The words of one cost a request: they are read of 200 at a time. */
	async function found(wanted, own) {
		const low = wanted.toLowerCase();
		const rows = h("ul.rows");
		const told = wait("");
		const on = button("Look further", go);
		const walk = pages("/threads", own, { limit: 100 });
		let looked = 0, read = 0;
		const direct = await get(at`/threads/${wanted}`, own).catch(() => null);
		if (direct?.id) location.hash = there(direct.id);
		async function go() {
			for (let more = true, words = read + 200, most = looked + 5000; more; ) {
				const { value } = await walk.next();
				const rest = [];
				for (const thread of value.data) {
					if (`${thread.id} ${Object.entries(thread.metadata ?? {})}`.toLowerCase().includes(low)) addRows(rows, [thread], own);
					else if (read + rest.length < words) rest.push(thread);
				}
				await each(rest, async (thread) => {
					const text = (await newest(thread, 10, own)).find((one) => one.toLowerCase().includes(low));
					if (text) addRows(rows, [thread], own, text);
				});
				read += rest.length;
				looked += value.data.length;
				told.textContent = `${rows.children.length} found: looked at ${looked} threads, and into the messages of ${read}.`;
				on.hidden = !value.more;
				more = value.more && looked < most;
			}
			say(told.textContent);
		}
		await go().catch((error) => {
			throw error.status === 404 ? new Refusal("There is no such thread", "This server lists none, and has none with this id.") : error;
		});
		return [told, rows, on];
	}

	main.append(h("header.head", h("h1", "Threads"), search), place);
	await load(place, list, signal);
}

/** Show a thread; `select` shows one of its runs beside it. */
export function threadView(main, [thread, , selected], signal) {
	const talk = h("div.talk");
	const side = h("aside.side", { label: "Runs" });
	const about = h("div.about");
	const runs = (run) => there(thread) + at`/runs/${run}`;
	const next = latest(signal);
	const go = h("a.button", { href: at`#/playground/${thread}` }, "Go on in the playground");
	main.append(h("header.head", h("h1", "Thread"), about, go), h("div.split", talk, side));

	async function conversation() {
		const found = await get(at`/threads/${thread}`, signal);
		about.replaceChildren(...facts(found));
		const messages = h("div", { role: "log", label: "Messages" });
		const earlier = await paged(pages(messagesOf(thread), signal), "Earlier messages", (data) =>
			messages.prepend(...data.reverse().map((message) => article(message, runs))));
		return messages.children.length ? [earlier, messages] : empty("No messages", "Nobody has written here.");
	}

	async function list(own) {
		const found = await all(at`/threads/${thread}/runs`, own);
		const row = (run) => h("li", h("a", { href: runs(run.id) }, h("span.row", status(run.status), when(run.created_at), run.model), h("code", run.id)));
		return [h("h2", "Runs"), found.length ? h("ul.rows", found.map(row)) : wait("None so far.")];
	}

	async function one(run, own) {
		const place = h("section", { label: "Run" });
		const shown = (found, steps) => showRun(place, found, steps, () => select([thread, "runs", run]));
		const first = await get(at`/threads/${thread}/runs/${run}`, own);
		shown(first, await stepsOf(first, own));
		if (isActive(first)) watch(first, shown, own);
		return [h("a", { href: there(thread) }, "← All runs"), place];
	}

	async function watch(first, shown, own) {
		try {
			for await (const [found, steps] of follow(first, own)) shown(found, steps);
			if (!own.aborted) load(talk, conversation, signal);
		} catch (error) {
			if (!own.aborted) side.append(problem(error));
		}
	}

	function select([, , run]) {
		const own = next();
		load(side, () => (run ? one(run, own) : list(own)), own);
	}

	load(talk, conversation, signal);
	select([thread, "runs", selected]);
	return { key: thread, select };
}
