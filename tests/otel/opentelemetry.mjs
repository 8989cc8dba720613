/**
 * Instruments a service with OpenTelemetry from outside: NODE_OPTIONS="--import <this file>" and OTEL_* variables suffice.
 * Any other register file works too, such as that of @opentelemetry/auto-instrumentations-node. The services are ES
 * modules, so a loader hook instruments their imports, and it must be registered before the first import.
 */
import { register } from 'node:module';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg';
import { NodeSDK } from '@opentelemetry/sdk-node';

register('@opentelemetry/instrumentation/hook.mjs', import.meta.url);
const sdk = new NodeSDK({ instrumentations: [new HttpInstrumentation(), new PgInstrumentation()] });
sdk.start();
