// Plots, by uPlot: a chunk of its own, which is loaded with the first of them.

import 'uplot/dist/uPlot.min.css';

import uPlot from 'uplot';

import { clock, number } from '../../format';
import type { Row } from './history.svelte';

type Key = Exclude<keyof Row, 'atMs'>;

const HEIGHT_PX = 96;
const INKS = ['--accent', '--warn'];
const UNITS: [least: number, letter: string][] = [[1e9, 'G'], [1e6, 'M'], [1e3, 'k']];

/** Draws series of rows into an element, as wide as that is. */
export function draw(node: HTMLElement, series: readonly { key: Key; words: string }[]): { set(rows: readonly Row[]): void; close(): void } {
  const ink = (name: string): (() => string) => () => colour(node, name);
  const font = `11px ${getComputedStyle(node).fontFamily}`;
  const axis: uPlot.Axis = { stroke: ink('--quiet'), font, grid: { stroke: ink('--line'), width: 1 }, ticks: { show: false } };
  const plot = new uPlot(
    {
      width: Math.max(node.clientWidth, 100),
      height: HEIGHT_PX,
      padding: [8, 4, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false } },
      scales: { y: { range: (_plot, _least, most) => [0, most > 0 ? most * 1.1 : 1] } },
      axes: [
        { ...axis, size: 22, space: 70, values: (_plot, moments) => moments.map((seconds) => clock(seconds * 1000)) },
        { ...axis, size: 44, space: 26, values: (_plot, values) => values.map(short) },
      ],
      series: [{}, ...series.map(({ words }, i) => ({ label: words, stroke: ink(INKS[i % INKS.length]!), width: 1.5, points: { show: false }, spanGaps: false }))],
    },
    [[], ...series.map(() => [])],
    node,
  );
  const fitting = new ResizeObserver(() => plot.setSize({ width: Math.max(node.clientWidth, 100), height: HEIGHT_PX }));
  fitting.observe(node);
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const redraw = (): void => plot.redraw();
  dark.addEventListener('change', redraw);
  return {
    set: (rows) => plot.setData([rows.map((row) => row.atMs / 1000), ...series.map(({ key }) => rows.map((row) => row[key]))]),
    close: () => {
      fitting.disconnect();
      dark.removeEventListener('change', redraw);
      plot.destroy();
    },
  };
}

// colour gives a token as a canvas understands it: light-dark() only elements do.
function colour(node: HTMLElement, token: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${token})`;
  node.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

function short(value: number): string {
  const unit = UNITS.find(([least]) => value >= least);
  return unit ? `${number(value / unit[0], 1)} ${unit[1]}` : number(value, 1);
}
