import"./live.svelte.js";import{F as e,J as t,L as n,Q as r,U as i,W as a,a as o,at as s,ct as c,ft as l,h as u,ht as d,l as f,lt as p,mt as m,n as h,ot as g,rt as _,yt as v,z as y}from"./text.svelte.js";import{t as b}from"./copy2.js";import{b as x,g as S}from"./app.js";var C=`<!-- @license lucide-static v1.62.0 - ISC -->
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
`,w=y(`<span class="copy svelte-avcsai"><code class="svelte-avcsai"> </code> <button type="button" class="button bare icon"><!></button></span>`);function T(i,y){d(y,!0);let T=o(y,`label`,3,``),E=p(!1),D;async function O(){try{await navigator.clipboard.writeText(y.text)}catch{if(getSelection()?.selectAllChildren(D),c(E,document.execCommand(`copy`),!0),!t(E))return}c(E,!0),setTimeout(()=>c(E,!1),2e3)}var k=w(),A=_(k),j=s(A,!0);f(A,e=>D=e,()=>D);var M=g(A,2),N=_(M);{let e=l(()=>t(E)?C:b);S(N,{get svg(){return t(e)}})}v(M),v(k),r((t,n)=>{e(j,y.text),u(M,`aria-label`,t),u(M,`title`,n)},[()=>`${h(t(E)?x.copied:x.copy)}${T()&&`: ${T()}`}`,()=>h(t(E)?x.copied:x.copy)]),a(`click`,M,O),n(i,k),m()}i([`click`]);export{T as t};