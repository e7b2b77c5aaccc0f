/** The protocol: requests, pages, streams, and failures in words. */

export let settings;
let askKey, asking;
let key = sessionStorage.getItem("key");

export async function start(ask) {
	askKey = ask;
	settings = await (await fetch("page/settings.json")).json();
	settings.server ??= new URL(settings.api, document.baseURI).href;
	settings.client ??= `AssistantsClient(base_url="${settings.server}"${settings.asks_key ? "" : ', api_key="any"'})`;
	return settings;
}

export class Refusal extends Error {
	constructor(title, message, status) {
		super(message);
		Object.assign(this, { title, status });
	}
}

/** Write a path with its ids escaped. */
export const at = (parts, ...ids) => String.raw({ raw: parts }, ...ids.map(encodeURIComponent));

function address(path, query) {
	const made = new URL(settings.api + path, document.baseURI);
	for (const [name, value] of Object.entries({ ...settings.query, ...query })) if (value) made.searchParams.set(name, value);
	return made;
}

const headers = () => ({ "OpenAI-Beta": "assistants=v2", ...(key && { Authorization: `Bearer ${key}` }) });

const TITLES = { 401: "The key was refused", 404: "There is no such thing here" };

/** Read an error, in whatever form. */
function refusal(status, text) {
	let said = text.slice(0, 500);
	try {
		const body = JSON.parse(text);
		said = body.error?.message ?? body.message ?? body.detail ?? body;
	} catch {
		if (/^\s*</.test(text)) said = "The answer is a page: is this a server of the Assistants protocol?";
	}
	const title = TITLES[status] ?? (status < 500 ? "The request was refused" : "The server failed");
	return new Refusal(title, `${typeof said === "string" ? said || "It gave no reason." : JSON.stringify(said)} (${status})`, status);
}

/** Ask for a key, once for all requests that were refused. */
async function newKey(used, message) {
	if (used !== key) return true;
	asking ??= askKey(message).finally(() => (asking = null));
	const given = await asking;
	if (given) sessionStorage.setItem("key", (key = given));
	return given;
}

async function answer(path, { query, body, signal, method = "GET" }) {
	for (;;) {
		const used = key;
		const init = { method, signal, headers: headers() };
		if (body) {
			init.body = JSON.stringify(body);
			init.headers["Content-Type"] = "application/json";
		}
		const response = await fetch(address(path, query), init).catch((error) => {
			throw signal?.aborted ? error : new Refusal("The server cannot be reached", "Nothing answered. Is it still running?");
		});
		if (response.ok) return response;
		const failure = refusal(response.status, await response.text());
		if (response.status !== 401 || !settings.asks_key || !(await newKey(used, used && failure.message))) throw failure;
	}
}

async function request(path, options) {
	const text = await (await answer(path, options)).text();
	try {
		const value = JSON.parse(text);
		if (value instanceof Object) return value;
	} catch {}
	throw new Refusal("This is no answer of the protocol", `${path} gave: ${text.slice(0, 80) || "nothing"}`);
}

export const get = (path, signal, query) => request(path, { signal, query });
export const post = (path, body, signal) => request(path, { method: "POST", body, signal });
export const content = async (file) => (await answer(at`/files/${file}/content`, {})).blob();

/** Walk a list page by page; ends where a server gives the same page again. */
export async function* pages(path, signal, query) {
	for (let after, more = true; more; ) {
		const page = await get(path, signal, { order: "desc", limit: 50, ...query, after });
		const data = page.data ?? [];
		const last = page.last_id ?? data.at(-1)?.id;
		more = page.has_more && data.length > 0 && last !== after;
		after = last;
		yield { data, more };
	}
}

export async function all(path, signal, query) {
	const found = [];
	for await (const { data } of pages(path, signal, { limit: 100, ...query })) if (found.push(...data) >= 500) break;
	return found;
}

/** Yield names and data of the events of a stream. */
export async function* events(path, body, signal) {
	const response = await answer(path, { method: "POST", body: { ...body, stream: true }, signal });
	if (!response.headers.get("content-type")?.includes("event-stream")) {
		yield ["thread.run.", await response.json()];
		return;
	}
	const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
	let rest = "", name = "", data = "";
	for (;;) {
		const { value, done } = await reader.read();
		if (done) return;
		const lines = (rest + value).split(/\r\n|\n|\r(?!$)/);
		rest = lines.pop();
		for (const line of lines) {
			if (line.startsWith("event:")) name = line.slice(6).trim();
			else if (line.startsWith("data:")) data += line.slice(5);
			else if (line === "" && data) {
				if (data.trim() === "[DONE]") return;
				const event = JSON.parse(data);
				// Some servers have the name inside of the data.
				yield event.event && event.data ? [event.event, event.data] : [name, event];
				name = data = "";
			}
		}
	}
}

/** Upload a file; `progress` gets the share that is sent: fetch() does not know it. */
export const upload = (file, purpose, progress, signal) =>
	new Promise((resolve, reject) => {
		const form = new FormData();
		form.append("purpose", purpose);
		form.append("file", file);
		const sending = new XMLHttpRequest();
		sending.open("POST", address("/files"));
		for (const pair of Object.entries(headers())) sending.setRequestHeader(...pair);
		sending.upload.onprogress = ({ loaded, total }) => progress(total && loaded / total);
		sending.onload = () => (sending.status < 300 ? resolve(JSON.parse(sending.response)) : reject(refusal(sending.status, sending.response)));
		sending.onerror = () => reject(new Refusal("The file was not sent", "The connection broke off."));
		signal.addEventListener("abort", () => sending.abort());
		sending.send(form);
	});
