import Fastify, { type FastifyInstance, LogController } from 'fastify';
import { createApiMetrics } from '../observability/metrics.ts';
import { assetsApi } from './assets/assets-api.ts';
import type { ApiContext } from './context.ts';
import { editApi } from './edit/edit-api.ts';
import { editEnvelope } from './edit/edit-errors.ts';
import { limitBodyTime } from './http/body-timeouts.ts';
import { answerClientError, answerErrors, frameworkErrors } from './http/error-handler.ts';
import type { EnvelopesByPrefix } from './http/error-replies.ts';
import { collectRoutes } from './http/method-not-allowed.ts';
import { addReplyHeaders } from './http/reply-headers.ts';
import { logRequests, requestId } from './http/request-log.ts';
import { StreamLimit } from './http/stream-limit.ts';
import { validatorCompiler } from './http/validation.ts';
import { JobChangeHub } from './jobs/job-change-hub.ts';
import { nativeApi } from './native/native-api.ts';
import { problemEnvelope } from './native/problem.ts';
import type { ApiOptions, ApiServices } from './services.ts';
import { documentApi } from './system/openapi.ts';
import { systemApi } from './system/system-api.ts';

/** A silent connection is closed after this; longer than any pause between two writes of the server. */
const idleMs = 120_000;

/** The error envelope of each published API; all other routes answer plain errors. */
const envelopes: EnvelopesByPrefix = { '/apis': problemEnvelope, '/api': editEnvelope };

/** How long transfers may continue while the server closes. */
const closeGraceMs = 4000;

/**
 * The HTTP server with all its routes, ready to `listen`. It depends only on ports; `close` ends waiting requests and event
 * streams.
 */
export function createServer(services: ApiServices, options: ApiOptions): FastifyInstance {
  const changes = new JobChangeHub(services.store, services.clock);
  const context: ApiContext = { services, options, changes, streams: new StreamLimit(options.limits.streamsPerKey) };
  const app = Fastify({
    ...(options.logger === undefined ? { logger: false } : { loggerInstance: options.logger }),
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: requestId,
    bodyLimit: options.limits.bodyBytes,
    connectionTimeout: Math.max(idleMs, (options.syncWaitSeconds + 30) * 1000),
    // Longer than any URL that Node reads, so that an id that is too long is not found like any other wrong one.
    routerOptions: { maxParamLength: 65_536 },
    clientErrorHandler: answerClientError,
    frameworkErrors: frameworkErrors(envelopes),
  });
  app.removeContentTypeParser('text/plain');
  app.decorateRequest('caller', null);
  app.setValidatorCompiler(validatorCompiler);
  // Views are created field by field, so no schema has to strip them; the tests check replies against their schemas.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  answerErrors(app, { envelopes, retryAfterSeconds: options.retryAfterSeconds });
  addReplyHeaders(app);
  logRequests(app);
  limitBodyTime(app, options.limits.bodySeconds);
  const metrics = createApiMetrics(services, options.registry);
  metrics.observe(app);
  const answerOtherMethods = collectRoutes(app);

  documentApi(app, options);
  app.register(systemApi, { context, metrics });
  app.register(assetsApi, { context });
  app.register(editApi, { context });
  app.register(nativeApi, { prefix: '/apis', context });
  app.register(async () => answerOtherMethods());

  endOnClose(app, changes);
  return app;
}

/** Closing ends waiting requests and event streams immediately, and other transfers after a grace period. */
function endOnClose(app: FastifyInstance, changes: JobChangeHub): void {
  let timer: NodeJS.Timeout | undefined;
  app.addHook('preClose', async () => {
    changes.close();
    timer = setTimeout(() => app.server.closeAllConnections(), closeGraceMs);
  });
  app.addHook('onClose', async () => {
    clearTimeout(timer);
    await changes[Symbol.asyncDispose]();
  });
}
