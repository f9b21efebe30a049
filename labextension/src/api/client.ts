// One typed call for every operation of the workspace, through the user's own Jupyter server.
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { ROUTES } from './routes';
import type { components, Error as Failure, Interface, Job, operations, Schedule } from './schema';

export type * from './schema';
export type Schemas = components['schemas'];
export type Problem = NonNullable<Failure['problems']>[number];
export type ErrorCode = Failure['code'];

/** Name of an operation, such as `jobs.get`. */
export type OperationName = keyof operations & keyof typeof ROUTES;

/** `T` without what stands for absence, so that it can be intersected. */
type Given<T> = [NonNullable<T>] extends [never] ? unknown : NonNullable<T>;
type Part<O, K extends string> = O extends { parameters: infer P }
  ? K extends keyof P
    ? Given<P[K]>
    : unknown
  : unknown;
type Body<O> = O extends { requestBody?: infer B }
  ? NonNullable<B> extends { content: { 'application/json': infer J } }
    ? J
    : unknown
  : unknown;

/** Arguments of an operation, wherever they travel: path, query or body. */
export type Arguments<N extends OperationName> = Part<operations[N], 'path'> &
  Part<operations[N], 'query'> &
  Body<operations[N]>;

/** What an operation answers. */
export type Answer<N extends OperationName> = operations[N] extends {
  responses: { 200: { content: { 'application/json': infer A } } };
}
  ? A
  : never;

/** What the server extension says of the workspace service behind it. */
export interface ILabState {
  state: 'ready' | 'starting' | 'failed';
  workspace: string;
  url: string;
  message: string;
}

/** The part of a client that models need; tests give their own. */
export interface ICaller {
  /** Call an operation. Rejects with `ApiError`, or `AbortError` when `signal` fires. */
  call<N extends OperationName>(
    name: N,
    args: Arguments<N>,
    options?: ICallOptions,
  ): Promise<Answer<N>>;
}

export interface ICallOptions {
  signal?: AbortSignal;
}

/** A call that was refused or did not arrive. */
export class ApiError extends Error {
  constructor(
    message: string,
    /** HTTP status; 0 when the server could not be reached. */
    readonly status: number,
    readonly code: ErrorCode | 'UNREACHABLE' | 'INTERNAL',
    readonly problems: readonly Problem[] = [],
    readonly requestId: string = '',
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

/** Speaks to the workspace service through the user's Jupyter server. */
export class Client implements ICaller {
  constructor(private readonly _settings: ServerConnection.ISettings) {}

  async call<N extends OperationName>(
    name: N,
    args: Arguments<N>,
    options: ICallOptions = {},
  ): Promise<Answer<N>> {
    const { method, path, query, body } = request(name, args);
    return (await this._fetch(`mlws/api${path}${query}`, method, body, options)) as Answer<N>;
  }

  /** Address at which the browser can fetch a file, such as `runs.read_artifact`. */
  url<N extends OperationName>(name: N, args: Arguments<N>): string {
    const { path, query } = request(name, args);
    return URLExt.join(this._settings.baseUrl, `mlws/api${path}${query}`);
  }

  /** Bytes of a file, for previews. Rejects as `call` does. */
  async download<N extends OperationName>(
    name: N,
    args: Arguments<N>,
    options: ICallOptions = {},
  ): Promise<Blob> {
    const { path, query } = request(name, args);
    const response = await this._send(`mlws/api${path}${query}`, { method: 'GET', ...options });
    if (!response.ok) {
      throw await refusal(response);
    }
    return await response.blob();
  }

  /** State of the workspace service, as the server extension sees it. */
  async labState(options: ICallOptions = {}): Promise<ILabState> {
    return (await this._fetch('mlws/lab/state', 'GET', undefined, options)) as ILabState;
  }

  /** Submit the notebook or script at `path` (as the contents manager names it, without drive). */
  async submit(path: string, job: Record<string, unknown>): Promise<Job> {
    return (await this._fetch('mlws/lab/jobs', 'POST', { path, job }, {})) as Job;
  }

  /** Register the file or folder at `path` (as the contents manager names it, without drive) as data. */
  async registerData(path: string, data: Record<string, unknown>): Promise<Schemas['Asset']> {
    return (await this._fetch('mlws/lab/data', 'POST', { path, data }, {})) as Schemas['Asset'];
  }

  /** Send the bytes of a file of this machine; answers its snapshot, of which data can be made. */
  async sendFile(file: File): Promise<string> {
    const content = await file.arrayBuffer();
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', content));
    const blob = [...hash].map(byte => byte.toString(16).padStart(2, '0')).join('');
    const files = [{ path: file.name, blob, size_bytes: file.size }];
    const snapshot = { files, is_file: true };
    const answer = await this.call('codes.create_or_update', { snapshot });
    if (answer.missing.length > 0) {
      const response = await this._send(`mlws/api/blobs/${blob}`, { method: 'PUT', body: content });
      if (!response.ok) {
        throw await refusal(response);
      }
      await this.call('codes.create_or_update', { snapshot });
    }
    return answer.snapshot;
  }

  /** Schedule the notebook or script at `path`; its code is sent along as it is now. */
  async schedule(path: string, schedule: Record<string, unknown>): Promise<Schedule> {
    const body = { path, schedule };
    return (await this._fetch('mlws/lab/schedules', 'POST', body, {})) as Schedule;
  }

  /** Interface of the notebook at `path`. */
  async notebookInterface(path: string): Promise<Interface> {
    const query = URLExt.objectToQueryString({ path });
    return (await this._fetch(`mlws/lab/interface${query}`, 'GET', undefined, {})) as Interface;
  }

  private async _fetch(
    path: string,
    method: string,
    body: object | undefined,
    options: ICallOptions,
  ): Promise<unknown> {
    const response = await this._send(path, {
      method,
      ...options,
      ...(body && {
        body: JSON.stringify(body),
        headers: { 'Content-Type': 'application/json' },
      }),
    });
    if (!response.ok) {
      throw await refusal(response);
    }
    return response.status === 204 ? null : await response.json();
  }

  private async _send(path: string, init: RequestInit): Promise<Response> {
    const url = URLExt.join(this._settings.baseUrl, path);
    try {
      return await ServerConnection.makeRequest(
        url,
        // JupyterLab gives `no-store` a query argument of its own, which the service refuses.
        { cache: 'no-cache', ...init },
        this._settings,
      );
    } catch (error) {
      if (init.signal?.aborted) {
        throw new DOMException('The call was given up.', 'AbortError');
      }
      throw new ApiError(String(error), 0, 'UNREACHABLE');
    }
  }
}

/** Method, path, query and body with which an operation is called. */
export function request<N extends OperationName>(
  name: N,
  args: Arguments<N>,
): { method: string; path: string; query: string; body?: object } {
  const [method, template] = ROUTES[name];
  const rest = new Map(Object.entries(args as object).filter(([, value]) => value !== undefined));
  const path = template.replace(/\{(\w+)\}/g, (_, key: string) => {
    const value = String(rest.get(key));
    rest.delete(key);
    return encodeURIComponent(value);
  });
  if (method === 'POST' || method === 'PATCH') {
    return { method, path, query: '', body: Object.fromEntries(rest) };
  }
  const query = new URLSearchParams();
  for (const [key, value] of rest) {
    for (const item of Array.isArray(value) ? value : [value]) {
      query.append(key, String(item));
    }
  }
  const text = query.toString();
  return { method, path, query: text && `?${text}` };
}

async function refusal(response: Response): Promise<ApiError> {
  const requestId = response.headers.get('X-Request-Id') ?? '';
  const text = await response.text();
  try {
    const body = JSON.parse(text) as Partial<Failure>;
    return new ApiError(
      body.message ?? response.statusText,
      response.status,
      body.code ?? 'INTERNAL',
      body.problems,
      requestId,
    );
  } catch {
    return new ApiError(response.statusText || text, response.status, 'INTERNAL', [], requestId);
  }
}
