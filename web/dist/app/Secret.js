import"./disclose-version.js";import{H as e,I as t,R as n,U as r,Z as i,a,at as o,ct as s,dt as c,f as l,h as u,mt as d,n as f,nt as p,o as m,p as h,pt as g,q as _,st as v,vt as y,yt as b}from"./text.svelte.js";import{t as x}from"./eye.js";import{T as S}from"./app.js";import{r as C}from"./Settings.js";import{t as w}from"./Field.js";var T=`<!-- @license lucide-static v1.62.0 - ISC -->
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
`,E=new Set([`$$slots`,`$$events`,`$$legacy`,`label`,`help`,`fault`,`value`]),D=n(`<span class="secret svelte-1ay3gjt"><input/> <button type="button" class="button bare icon svelte-1ay3gjt"><!></button></span>`);function O(e,n){d(n,!0);let O=a(n,`help`,3,``),k=a(n,`value`,15),A=m(n,E),j=s(!1);w(e,{get label(){return n.label},get help(){return O()},get fault(){return n.fault},children:(e,n=b)=>{var a=D(),s=p(a);h(s,()=>({...A,...n(),type:_(j)?`text`:`password`,autocapitalize:`none`,spellcheck:`false`}),void 0,void 0,void 0,`svelte-1ay3gjt`,!0);var d=o(s,2),m=p(d);{let e=c(()=>_(j)?T:x);S(m,{get svg(){return _(e)}})}y(d),y(a),i((e,t)=>{u(d,`aria-pressed`,_(j)),u(d,`aria-label`,e),u(d,`title`,t)},[()=>f(C.showSecret),()=>f(C.showSecret)]),l(s,k),r(`click`,d,()=>v(j,!_(j))),t(e,a)},$$slots:{default:!0}}),g()}e([`click`]);export{O as t};