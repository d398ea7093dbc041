import"./disclose-version.js";import{B as e,G as t,I as n,M as r,P as i,V as a,Y as o,at as s,dt as c,et as l,ft as u,gt as d,lt as f,nt as p,ot as m,p as h,r as g,rt as _,s as v}from"./index-client.js";import{E as y,O as b,T as x}from"./app.js";var S=`<!-- @license lucide-static v1.62.0 - ISC -->
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
`,w=n(`<span class="copy svelte-avcsai"><code class="svelte-avcsai"> </code> <button type="button" class="button bare icon"><!></button></span>`);function T(e,n){u(n,!0);let T=g(n,`label`,3,``),E=m(!1),D;async function O(){try{await navigator.clipboard.writeText(n.text)}catch{if(getSelection()?.selectAllChildren(D),s(E,document.execCommand(`copy`),!0),!t(E))return}s(E,!0),setTimeout(()=>s(E,!1),2e3)}var k=w(),A=l(k),j=p(A,!0);v(A,e=>D=e,()=>D);var M=_(A,2),N=l(M);{let e=f(()=>t(E)?S:C);x(N,{get svg(){return t(e)}})}d(M),d(k),o((e,t)=>{r(j,n.text),h(M,`aria-label`,e),h(M,`title`,t)},[()=>`${b(t(E)?y.copied:y.copy)}${T()&&`: ${T()}`}`,()=>b(t(E)?y.copied:y.copy)]),a(`click`,M,O),i(e,k),c()}e([`click`]);export{T as t};