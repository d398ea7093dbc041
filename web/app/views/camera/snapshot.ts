// A picture as a file.

/** A name of a file for the picture of a moment, by the clocks of this device. */
export function nameOf(id: string, ms: number): string {
  const at = new Date(ms);
  const two = (n: number): string => String(n).padStart(2, '0');
  const day = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join('-');
  return `${id}_${day}_${[at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join('-')}.jpg`;
}

/** Has the browser keep what is at an address under a name. It throws what the server says. */
export async function download(url: string, name: string): Promise<void> {
  const answer = await fetch(url, { cache: 'no-store' });
  if (!answer.ok) throw new Error((await answer.text()).trim() || answer.statusText);
  const link = document.createElement('a');
  link.href = URL.createObjectURL(await answer.blob());
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // by then it is on the disk
}
