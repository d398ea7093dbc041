// How a node of a cluster is, in words and a colour.

import type { Schemas } from '../../../api/client';
import { ago, bytes, duration, percent } from '../../../format';
import type { Text } from '../../../text.svelte';
import { nodes } from '../../../texts/settings-nodes';

type Cluster = Pick<Schemas['Cluster'], 'node' | 'nodes'>;
type Node = Schemas['ClusterNode'];

/** By how much a clock may be off before it is told: what a node says takes a moment to come. */
const CLOCK_MS = 500;
/** The part of its processors that a node may use before it is told. */
const BUSY = 0.9;
/** How many bytes may wait for a node before it is told, as scripts/alerts.yaml has it. */
const STUCK = 8e6;

/** What somebody is to know of a node; empty where it is well. */
export function wrongWith(node: Node, cluster: Cluster, nowMs: number): Text[] {
  if (node.shut_out) return [nodes.isShutOut];
  if (node.left && !node.alive) return [nodes.endedSince(ago(node.since, nowMs))];
  if (!node.alive) return [nodes.deadSince(sinceOf(node, nowMs))];
  const ours = cluster.nodes.find(({ name }) => name === cluster.node);
  const wrong: Text[] = [];
  if (Math.abs(node.clock_ms) > CLOCK_MS) wrong.push(nodes.clockOff(duration(Math.abs(node.clock_ms)), node.clock_ms > 0));
  if (ours && node.version !== ours.version) wrong.push(nodes.otherVersion(node.version, ours.version));
  if (!node.agrees) wrong.push(nodes.otherCameras);
  if (node.pending_bytes > STUCK) wrong.push(nodes.stuck(bytes(node.pending_bytes)));
  if (node.load > BUSY) wrong.push(nodes.busy(percent(node.load)));
  return wrong;
}

/** For how long a node has been there, or not. */
export function sinceOf(node: Node, nowMs: number): string {
  return duration(Math.max(0, nowMs - Date.parse(node.since)));
}

/** How a node is, in a word. One that was ended on purpose is nothing to worry about. */
export function stateOf(node: Node, wrong: readonly Text[]): { tone: 'good' | 'warn' | 'bad' | 'quiet'; text: Text } {
  if (!node.alive) return node.left || node.shut_out ? { tone: 'quiet', text: nodes.ended } : { tone: 'bad', text: nodes.dead };
  return wrong.length > 0 ? { tone: 'warn', text: nodes.attention } : { tone: 'good', text: nodes.alive };
}

/** How many bytes a second came by each relay between two looks at them; what is new in the second is not in it. */
export function ratesOf(before: Look | undefined, now: Look): Map<string, number> {
  const rates = new Map<string, number>();
  const seconds = before ? (now.atMs - before.atMs) / 1000 : 0;
  if (!before || seconds <= 0) return rates;
  const old = new Map(before.relays.map((relay) => [keyOf(relay), relay.bytes]));
  for (const relay of now.relays) {
    const bytes = old.get(keyOf(relay));
    if (bytes !== undefined && relay.bytes >= bytes) rates.set(keyOf(relay), (relay.bytes - bytes) / seconds);
  }
  return rates;
}

/** The relays at a moment. */
export interface Look {
  readonly atMs: number;
  readonly relays: readonly Schemas['ClusterRelay'][];
}

/** What tells relays apart: one that begins anew is another. */
export function keyOf({ camera, rendition, from, to, since }: Schemas['ClusterRelay']): string {
  return [camera, rendition, from, to, since].join(' ');
}
