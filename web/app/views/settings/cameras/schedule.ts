// The hours of a week in which a camera is recorded, as gateway/config reads them:
// "mon-fri 08:00-18:00, sat 22:00-02:00".

export const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/** Hours of some days of each week. They end on the next day where they end before they begin. */
export interface Stretch {
  /** Whether each day has them, from Monday. */
  readonly days: readonly boolean[];
  readonly from: string; // "08:00"
  readonly to: string; // up to "24:00"
}

/** Reads hours; null where they cannot be shown as stretches. */
export function readHours(text: string): Stretch[] | null {
  const stretches: Stretch[] = [];
  for (const item of text.split(',').map((part) => part.trim().split(/\s+/))) {
    const [, from, to] = /^(\d{1,2}:\d{2})-(\d{1,2}:\d{2})$/.exec(item.at(-1) ?? '') ?? [];
    if (from === undefined || to === undefined || item.length < 2) return null;
    const days = DAYS.map(() => false);
    for (const word of item.slice(0, -1)) {
      const [first = '', last = first] = word === 'daily' ? ['mon', 'sun'] : word.split('-');
      const begin = DAYS.indexOf(first as 'mon');
      const end = DAYS.indexOf(last as 'mon');
      if (begin < 0 || end < 0) return null;
      for (let day = begin; ; day = (day + 1) % 7) {
        days[day] = true;
        if (day === end) break;
      }
    }
    stretches.push({ days, from: from.padStart(5, '0'), to: to.padStart(5, '0') });
  }
  return stretches;
}

/** Writes hours. Stretches without a day are left out. */
export function writeHours(stretches: readonly Stretch[]): string {
  return stretches
    .filter(({ days }) => days.includes(true))
    .map(({ days, from, to }) => `${writeDays(days)} ${from}-${to}`)
    .join(', ');
}

// writeDays writes days in ranges: "mon-fri sun".
function writeDays(days: readonly boolean[]): string {
  if (!days.includes(false)) return 'daily';
  const words: string[] = [];
  for (let day = 0; day < 7; day++) {
    if (!days[day]) continue;
    const first = day;
    while (days[day + 1]) day++;
    words.push(day - first >= 2 ? `${DAYS[first]}-${DAYS[day]}` : DAYS.slice(first, day + 1).join(' '));
  }
  return words.join(' ');
}
