/** Work that outlives a request and a process: queued durably, run by any replica, tried again. */
export interface Jobs {
  close(): Promise<void>;
}
