import { round, type Span, type Status } from './events.ts'
import { asFailure, type Failure } from './failure.ts'
import { begin, failed, outcomeOf, type Call, type Stage } from './invocation.ts'

/**
 * One of the invocations that run at a time on a managed instance; never rejects. There is no `platform.runtimeDone`, the report has a duration and
 * spans only, neither tells of a trace that is not sampled (ours never are), and an invocation that runs out of time costs nobody else anything:
 * internal/lambda-managed-instances/invoke in AWS's emulator.
 * Resolves with the failure that ends the environment, if one does.
 */
export async function serveConcurrently(stage: Stage, call: Call): Promise<Failure | undefined> {
  const { spec, clock, generation, emit } = stage
  const { requestId, payload, clientContext } = call
  const { started, deadlineMs, trace, timeout } = begin(stage)
  const { functionArn, version } = spec
  emit('platform.start', { requestId, version, functionArn })
  stage.log(`START RequestId: ${requestId} Version: ${version}\n`)
  const report = (status: Status, told: object, spans: Span[]) => {
    const durationMs = round(clock.now() - started)
    emit('platform.report', { requestId, status, ...told, metrics: { durationMs }, spans })
    stage.log(`END RequestId: ${requestId}\nREPORT RequestId: ${requestId}\tDuration: ${durationMs.toFixed(2)} ms\n`)
  }
  const over = new AbortController()
  const late = clock.sleep(spec.timeoutSeconds * 1000, over.signal).then(() => Promise.reject(timeout))
  late.catch(() => {})
  try {
    const invocation = { requestId, payload, clientContext, deadlineMs, functionArn, trace }
    const { answer, spans } = await generation.invokeConcurrently(invocation, late)
    call.respond(outcomeOf(answer))
    report(answer.ok ? 'success' : 'error', answer.errorType === undefined ? {} : { errorType: answer.errorType }, spans)
    return undefined
  } catch (error) {
    const failure = asFailure(error)
    call.respond(failed(failure, requestId))
    if (!stage.killed()) report(failure.status, { errorType: failure.errorType }, [])
    return failure === timeout ? undefined : failure
  } finally {
    over.abort()
  }
}
