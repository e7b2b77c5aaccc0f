/** The work in the playground as a program of Python. */

/** Write JSON as Python. */
function literal(value) {
	if (value == null) return "None";
	if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
	if (typeof value === "object") return `{${Object.entries(value).map((pair) => pair.map(literal).join(": ")).join(", ")}}`;
	if (typeof value === "boolean") return value ? "True" : "False";
	return JSON.stringify(value);
}

const call = (name, ...parts) => `client.${name}(${parts.filter(Boolean).join(", ")})`;
const keywords = (params) => Object.entries(params).map(([name, value]) => `${name}=${literal(value)}`).join(", ");

const LINES = {
	assistant: ({ id, params }) => [`assistant = ${params ? `await ${call("assistants.create", keywords(params))}` : literal(id)}`],
	thread: ({ id }) => [`thread = ${id ? literal(id) : "await client.threads.create()"}`],
	message: ({ params }) => [`await ${call("messages.create", "thread", keywords(params))}`],
	run: ({ params }) => [`run = await show(${call("runs.create", "thread", "assistant_id=assistant", keywords(params))})`],
	outputs: ({ outputs }) => (outputs ? [
		`outputs = ${literal(outputs)}`,
		'answers = [{"tool_call_id": one.id, "output": output} for one, output in zip(run.tool_calls, outputs)]',
		"run = await show(client.runs.submit_tool_outputs(thread, run, tool_outputs=answers))",
	] : []),
};

/** Write the program. */
export function program({ client, imports = "" }, done) {
	const lines = done.flatMap((one) => LINES[one.kind](one));
	return `import asyncio

${imports}from assistants_async import AssistantsClient, Run, RunCall


async def show(call: RunCall) -> Run:
    async with call.stream() as channel:
        async for text in channel.text():
            print(text, end="", flush=True)
        print()
        return await channel.final_run()


async def main() -> None:
    async with ${client} as client:
${(lines.length ? lines : ["print(client)"]).map((text) => `        ${text}`).join("\n")}


asyncio.run(main())
`;
}
