/** The outcome of `work`, or the reason of the signal as soon as it aborts; `work` is then left to itself. */
export function unlessStopped<T>(stop: AbortSignal, work: Promise<T>): Promise<T> {
  work.catch(() => undefined)
  return new Promise((resolve, reject) => {
    const give = (): void => {
      try {
        stop.throwIfAborted()
      } catch (reason) {
        reject(reason instanceof Error ? reason : new Error(String(reason)))
      }
    }
    give()
    stop.addEventListener('abort', give, { once: true })
    work.then(resolve, reject).finally(() => stop.removeEventListener('abort', give))
  })
}
