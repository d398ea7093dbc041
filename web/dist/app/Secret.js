import"./disclose-version.js";import{B as e,G as t,I as n,P as r,V as i,Y as a,_t as o,at as s,d as c,dt as l,et as u,ft as d,gt as f,i as p,lt as m,ot as h,p as g,r as _,rt as v,u as y}from"./index-client.js";import{O as b,T as x}from"./app.js";import{r as S}from"./Settings.js";import{t as C}from"./Field.js";var w=`<!-- @license lucide-static v1.62.0 - ISC -->
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
`,T=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-eye"
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
  <path d="M2.062 12.348a1 1 0 0 1 0-.696 10.75 10.75 0 0 1 19.876 0 1 1 0 0 1 0 .696 10.75 10.75 0 0 1-19.876 0" />
  <circle cx="12" cy="12" r="3" />
</svg>
`,E=new Set([`$$slots`,`$$events`,`$$legacy`,`label`,`help`,`fault`,`value`]),D=n(`<span class="secret svelte-1ay3gjt"><input/> <button type="button" class="button bare icon svelte-1ay3gjt"><!></button></span>`);function O(e,n){d(n,!0);let O=_(n,`help`,3,``),k=_(n,`value`,15),A=p(n,E),j=h(!1);C(e,{get label(){return n.label},get help(){return O()},get fault(){return n.fault},children:(e,n=o)=>{var l=D(),d=u(l);c(d,()=>({...A,...n(),type:t(j)?`text`:`password`,autocapitalize:`none`,spellcheck:`false`}),void 0,void 0,void 0,`svelte-1ay3gjt`,!0);var p=v(d,2),h=u(p);{let e=m(()=>t(j)?w:T);x(h,{get svg(){return t(e)}})}f(p),f(l),a((e,n)=>{g(p,`aria-pressed`,t(j)),g(p,`aria-label`,e),g(p,`title`,n)},[()=>b(S.showSecret),()=>b(S.showSecret)]),y(d,k),i(`click`,p,()=>s(j,!t(j))),r(e,l)},$$slots:{default:!0}}),l()}e([`click`]);export{T as n,O as t};