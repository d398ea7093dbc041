import"./disclose-version.js";import{J as e,L as t,Q as n,U as r,W as i,a,bt as o,ct as s,f as c,ft as l,h as u,ht as d,lt as f,mt as p,n as m,o as h,ot as g,p as _,rt as v,yt as y,z as b}from"./text.svelte.js";import{t as x}from"./eye.js";import{T as S}from"./app.js";import{r as C}from"./Settings.js";import{t as w}from"./Field.js";var T=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-eye-off"
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  height="24"
  viewBox="0 0 24 24"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  stroke-linejoin="round"
>
  <path d="M10.733 5.076a10.744 10.744 0 0 1 11.205 6.575 1 1 0 0 1 0 .696 10.747 10.747 0 0 1-1.444 2.49" />
  <path d="M14.084 14.158a3 3 0 0 1-4.242-4.242" />
  <path d="M17.479 17.499a10.75 10.75 0 0 1-15.417-5.151 1 1 0 0 1 0-.696 10.75 10.75 0 0 1 4.446-5.143" />
  <path d="m2 2 20 20" />
</svg>
`,E=new Set([`$$slots`,`$$events`,`$$legacy`,`label`,`help`,`fault`,`value`]),D=b(`<span class="secret svelte-1ay3gjt"><input/> <button type="button" class="button bare icon svelte-1ay3gjt"><!></button></span>`);function O(r,b){d(b,!0);let O=a(b,`help`,3,``),k=a(b,`value`,15),A=h(b,E),j=f(!1);w(r,{get label(){return b.label},get help(){return O()},get fault(){return b.fault},children:(r,a=o)=>{var d=D(),f=v(d);_(f,()=>({...A,...a(),type:e(j)?`text`:`password`,autocapitalize:`none`,spellcheck:`false`}),void 0,void 0,void 0,`svelte-1ay3gjt`,!0);var p=g(f,2),h=v(p);{let t=l(()=>e(j)?T:x);S(h,{get svg(){return e(t)}})}y(p),y(d),n((t,n)=>{u(p,`aria-pressed`,e(j)),u(p,`aria-label`,t),u(p,`title`,n)},[()=>m(C.showSecret),()=>m(C.showSecret)]),c(f,k),i(`click`,p,()=>s(j,!e(j))),t(r,d)},$$slots:{default:!0}}),p()}r([`click`]);export{O as t};