/**
 * libp2p 3 calls `Promise.withResolvers`, which Node 20 lacks (it came with Node 22).
 * Import this file before anything of libp2p.
 */
if (typeof Promise.withResolvers !== 'function') {
  Object.defineProperty(Promise, 'withResolvers', {
    configurable: true,
    writable: true,
    value: function withResolvers<T>(this: PromiseConstructor): PromiseWithResolvers<T> {
      let resolve: PromiseWithResolvers<T>['resolve'] = () => undefined
      let reject: PromiseWithResolvers<T>['reject'] = () => undefined
      const promise = new this<T>((fulfil, refuse) => {
        resolve = fulfil
        reject = refuse
      })
      return { promise, resolve, reject }
    },
  })
}

export {}
