/**
 * OpenTelemetry from outside: NODE_OPTIONS="--import <this file>" and OTEL_* variables, no line of the services changed.
 * Any other register file does, such as that of @opentelemetry/auto-instrumentations-node. Services are ES modules, so
 * what they import is instrumented by a loader hook, which has to stand before the first import.
 */
import { register } from 'node:module';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg';
import { NodeSDK } from '@opentelemetry/sdk-node';

register('@opentelemetry/instrumentation/hook.mjs', import.meta.url);
const sdk = new NodeSDK({ instrumentations: [new HttpInstrumentation(), new PgInstrumentation()] });
sdk.start();
