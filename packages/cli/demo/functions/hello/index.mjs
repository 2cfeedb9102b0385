// A sample function for `npm start`: it logs what it is given, so that a person can watch a log line become telemetry.
export const handler = async event => {
  console.log(`hello, ${event?.name ?? 'world'}`)
  if (event?.log) console.log(String(event.log))
  if (event?.fail) throw new Error(String(event.fail))
  return { message: `hello, ${event?.name ?? 'world'}` }
}
