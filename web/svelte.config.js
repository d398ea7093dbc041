// What svelte-check and editors read. Components are written with runes alone.
export default { compilerOptions: { runes: true } };
