/**
 * Tells processes to look at versions now. It only makes changes visible sooner: where a ring is lost, the next poll finds the
 * change. `redisDoorbell` and `binlogDoorbell` are two; another one is an object with this method.
 *
 * @example
 * ```ts
 * const doorbell: Doorbell = {
 *   subscribe({ ring }) {
 *     const timer = setInterval(() => ring(), 100) // or what your bus calls
 *     return { close: () => clearInterval(timer) }
 *   },
 * }
 * ```
 */
export interface Doorbell {
  /**
   * Begins to listen. Whatever can fail reports to the listener, and is tried again by the doorbell itself.
   *
   * @example
   * ```ts
   * const listen = (doorbell: Doorbell) => doorbell.subscribe({ ring() {}, listening() {}, away: console.error })
   * ```
   * Never throws.
   */
  subscribe(listener: DoorbellListener): DoorbellSubscription
}

/**
 * What a doorbell tells.
 *
 * @example
 * ```ts
 * const listener: DoorbellListener = { ring: () => console.log('look'), listening() {}, away: console.error }
 * ```
 */
export interface DoorbellListener {
  /**
   * A table may have changed. Rings may come at any rate: versions are read at most once in 20 ms.
   *
   * @example
   * ```ts
   * const subscribe = (bus: EventTarget, { ring }: DoorbellListener) => bus.addEventListener('changed', () => ring())
   * ```
   * Never throws.
   */
  ring(
    /** What came with the ring, as `announce` was given it. */
    note?: string,
  ): void
  /**
   * The doorbell hears from now on. What rang before may have been missed, so versions are looked at.
   *
   * @example
   * ```ts
   * const subscribe = (bus: EventTarget, { listening }: DoorbellListener) => bus.addEventListener('open', listening)
   * ```
   * Never throws.
   */
  listening(): void
  /**
   * The doorbell hears nothing for the present, until it calls `listening` again.
   *
   * @example
   * ```ts
   * const subscribe = (bus: EventTarget, { away }: DoorbellListener) => bus.addEventListener('error', away)
   * ```
   * Never throws.
   */
  away(error: unknown): void
}

/**
 * A doorbell that is being listened to.
 *
 * @example
 * ```ts
 * const quiet: DoorbellSubscription = { close() {} }
 * ```
 */
export interface DoorbellSubscription {
  /**
   * Rings for all other processes that listen, after a commit of this one. A doorbell that only listens leaves it out.
   *
   * @example
   * ```ts
   * const ring = (subscription: DoorbellSubscription) => subscription.announce?.('')
   * ```
   * @throws if the ring could not be sent. It is sent again when the doorbell is `listening`.
   */
  announce?(
    /** Opaque to the doorbell, for `ring` of the others. */
    note: string,
  ): Promise<void>
  /**
   * Stops listening. Never throws.
   *
   * @example
   * ```ts
   * const leave = (subscription: DoorbellSubscription) => subscription.close()
   * ```
   */
  close(): Promise<void> | void
}
