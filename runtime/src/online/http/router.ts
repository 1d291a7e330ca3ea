import type { IncomingMessage, ServerResponse } from 'node:http';

/** A request that was routed. */
export interface RoutedRequest extends IncomingMessage {
  /** The variable parts of its path, decoded. */
  readonly params: Readonly<Record<string, string>>;
}

/** Goes on to the next route; with an error, to what answers errors. */
export type Next = (problem?: unknown) => void;

/** Answers a request, or gives it to the next route. */
export type Handler = (request: RoutedRequest, response: ServerResponse, next: Next) => void;

/** Answers the errors of routes. */
export type ErrorHandler = (error: unknown, request: RoutedRequest, response: ServerResponse, next: Next) => void;

/** What answers the methods of one path. */
export interface Route {
  /** HEAD as well. */
  get(handler: Handler): this;
  post(handler: Handler): this;
  all(handler: Handler): this;
}

/**
 * Answers a request.
 *
 * @param done called when nothing answers
 */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse, done: Next) => void;

/** Finds what answers a request by its path and method. */
export interface Router extends RequestHandler {
  /** @param path its variable parts as `:name`; lower and upper case differ, a slash at the end does not matter */
  route(path: string): Route;

  /** Takes every request that reaches it, or with four parameters every error. */
  use(handler: Handler): this;
  use(handler: ErrorHandler): this;
}

/** Where routes are added. */
export type RouteAdder = Pick<Router, 'route'>;

/**
 * Makes a router of Express when the first request needs it: to load Express is a sixth of the start, and neither predictions
 * nor probes go through it.
 *
 * It is not mounted in an application, which would change the prototype of every request and response, after which every
 * access to them is slow.
 *
 * @param addRoutes adds all routes
 */
export function createRouter(addRoutes: (router: Router) => void): RequestHandler {
  let router: Router | undefined;
  return (request, response, done) => {
    if (router === undefined) {
      const express = require('express') as typeof import('express');
      router = express.Router({ caseSensitive: true }) as unknown as Router;
      addRoutes(router);
    }
    router(request, response, done);
  };
}

/** The path of a request. */
export function pathOf({ url = '' }: IncomingMessage): string {
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}
