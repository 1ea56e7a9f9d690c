import manifest from '../../package.json' with { type: 'json' };

/** The version of this Framewright (Semantic Versioning). */
export const version: string = manifest.version;
