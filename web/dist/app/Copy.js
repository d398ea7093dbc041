import"./disclose-version.js";import{H as e,I as t,P as n,R as r,U as i,Z as a,a as o,at as s,ct as c,dt as l,h as u,it as d,l as f,mt as p,n as m,nt as h,pt as g,q as _,st as v,vt as y}from"./text.svelte.js";import{E as b,T as x}from"./app.js";var S=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-check"
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
  <path d="M20 6 9 17l-5-5" />
</svg>
`,C=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-copy"
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
  <rect width="14" height="14" x="8" y="8" rx="2" ry="2" />
  <path d="M4 16c-1.1 0-2-.9-2-2V4c0-1.1.9-2 2-2h10c1.1 0 2 .9 2 2" />
</svg>
`,w=r(`<span class="copy svelte-avcsai"><code class="svelte-avcsai"> </code> <button type="button" class="button bare icon"><!></button></span>`);function T(e,r){p(r,!0);let T=o(r,`label`,3,``),E=c(!1),D;async function O(){try{await navigator.clipboard.writeText(r.text)}catch{if(getSelection()?.selectAllChildren(D),v(E,document.execCommand(`copy`),!0),!_(E))return}v(E,!0),setTimeout(()=>v(E,!1),2e3)}var k=w(),A=h(k),j=d(A,!0);f(A,e=>D=e,()=>D);var M=s(A,2),N=h(M);{let e=l(()=>_(E)?S:C);x(N,{get svg(){return _(e)}})}y(M),y(k),a((e,t)=>{n(j,r.text),u(M,`aria-label`,e),u(M,`title`,t)},[()=>`${m(_(E)?b.copied:b.copy)}${T()&&`: ${T()}`}`,()=>m(_(E)?b.copied:b.copy)]),i(`click`,M,O),t(e,k),g()}e([`click`]);export{T as t};