import type { OpenedStore } from './open-store.ts';

/** A store that does everything as another one does, but for the given methods. */
export function overriddenStore(store: OpenedStore, methods: Partial<OpenedStore>): OpenedStore {
  return {
    stat: (key) => store.stat(key),
    read: (key, range) => store.read(key, range),
    createUpload: (key) => store.createUpload(key),
    publish: (upload, options) => store.publish(upload, options),
    discard: (upload) => store.discard(upload),
    remove: (key) => store.remove(key),
    list: (prefix) => store.list(prefix),
    urlFor: (key, options) => store.urlFor(key, options),
    check: () => store.check(),
    sweep: (olderThan) => store.sweep(olderThan),
    ...(store.localPath && { localPath: store.localPath.bind(store) }),
    ...methods,
  };
}
