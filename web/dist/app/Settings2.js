import{t as e}from"./rolldown-runtime.js";import"./disclose-version.js";import{E as t,F as n,I as r,J as i,K as a,L as o,M as s,N as c,Q as l,R as u,T as d,U as f,W as p,Z as m,at as h,ft as g,h as _,ht as v,it as y,j as b,k as x,mt as S,n as C,ot as w,rt as T,tt as E,yt as D,z as O}from"./text.svelte.js";import{t as k}from"./chevron-left.js";import{t as A}from"./chevron-right.js";import{I as j,a as M,b as N,g as P,m as F,n as I,x as L}from"./app.js";import{t as R}from"./settings.js";var z=class{#e;#t;constructor(e,t){this.#e=e,this.#t=r(t)}get current(){return this.#t(),this.#e()}},B=/\(.+\)/,V=new Set([`all`,`print`,`screen`,`and`,`or`,`not`,`only`]),H=class extends z{constructor(e,t){let n=B.test(e)||e.split(/[\s,]+/).some(e=>V.has(e.trim()))?e:`(${e})`,r=window.matchMedia(n);super(()=>r.matches,e=>a(r,`change`,e))}},U=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-key-round"
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
  <path d="M2.586 17.414A2 2 0 0 0 2 18.828V21a1 1 0 0 0 1 1h3a1 1 0 0 0 1-1v-1a1 1 0 0 1 1-1h1a1 1 0 0 0 1-1v-1a1 1 0 0 1 1-1h.172a2 2 0 0 0 1.414-.586l.814-.814a6.5 6.5 0 1 0-4-4z" />
  <circle cx="16.5" cy="7.5" r=".5" fill="currentColor" />
</svg>
`,W=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-link"
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
  <path d="M10 13a5 5 0 0 0 7.54.54l3-3a5 5 0 0 0-7.07-7.07l-1.72 1.71" />
  <path d="M14 11a5 5 0 0 0-7.54-.54l-3 3a5 5 0 0 0 7.07 7.07l1.71-1.71" />
</svg>
`,G=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-monitor-smartphone"
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
  <path d="M18 8V6a2 2 0 0 0-2-2H4a2 2 0 0 0-2 2v7a2 2 0 0 0 2 2h8" />
  <path d="M10 19v-3.96 3.15" />
  <path d="M7 19h5" />
  <rect width="6" height="10" x="16" y="12" rx="2" />
</svg>
`,K=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-circle-user-round"
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
  <path d="M17.925 20.056a6 6 0 0 0-11.851.001" />
  <circle cx="12" cy="11" r="4" />
  <circle cx="12" cy="12" r="10" />
</svg>
`,q=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-users-round"
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
  <path d="M18 21a8 8 0 0 0-16 0" />
  <circle cx="10" cy="8" r="5" />
  <path d="M22 20c0-3.37-2-6.5-4-8a5 5 0 0 0-.45-8.3" />
</svg>
`,J=e=>e.admin,Y=[{text:R.groupCameras,parts:[{id:`cameras`,icon:F,text:R.cameras,about:R.camerasAbout,for:J,load:()=>I(()=>import(`./Cameras.js`),[],import.meta.url)}]},{text:R.groupAccess,parts:[{id:`users`,icon:q,text:R.users,about:R.usersAbout,for:J,load:()=>I(()=>import(`./Users.js`),[],import.meta.url)},{id:`tokens`,icon:U,text:R.tokens,about:R.tokensAbout,for:J,load:()=>I(()=>import(`./Tokens.js`),[],import.meta.url)},{id:`links`,icon:W,text:R.links,about:R.linksAbout,for:J,load:()=>I(()=>import(`./Links.js`),[],import.meta.url)},{id:`sessions`,icon:G,text:R.sessions,about:R.sessionsAbout,for:({kind:e})=>e!==`token`,load:()=>I(()=>import(`./Sessions.js`),[],import.meta.url)}]},{text:R.groupYou,parts:[{id:`account`,icon:K,text:R.account,about:R.accountAbout,for:()=>!0,load:()=>I(()=>import(`./Account.js`),[],import.meta.url)}]}];function X(e){return Y.map(t=>({...t,parts:t.parts.filter(t=>t.for(e))})).filter(e=>e.parts.length>0)}var Z=e({default:()=>$}),Q=O(`<li class="svelte-bt2cke"><a class="svelte-bt2cke"><!> <span class="words svelte-bt2cke"><span> </span><span class="quiet small about svelte-bt2cke"> </span></span> <span class="forth svelte-bt2cke"><!></span></a></li>`),ee=O(`<div class="group"><h2 class="svelte-bt2cke"> </h2> <ul class="svelte-bt2cke"></ul></div>`),te=O(`<nav class="svelte-bt2cke"><h1 class="svelte-bt2cke"> </h1> <!></nav>`),ne=O(`<h1 class="unseen svelte-bt2cke"> </h1> <a class="button bare back svelte-bt2cke"><!> </a>`,1),re=O(`<button type="button" class="button"> </button>`),ie=O(`<div class="part svelte-bt2cke"><!> <!></div>`),ae=O(`<a class="button"> </a>`),oe=O(`<div class="page settings svelte-bt2cke"><!> <!></div>`);function $(e,r){v(r,!0);let a=new H(`min-width: 56rem`),f=g(()=>L.me?X(L.me):[]),O=g(()=>i(f).flatMap(e=>e.parts)),F=g(()=>r.part?i(O).find(({id:e})=>e===r.part):a.current?L.me?.admin?i(O)[0]:i(O).at(-1):void 0);var I=oe();d(`bt2cke`,e=>{m((e,t)=>{E.title=`${e??``}${t??``} – Framegate`},[()=>i(F)?`${C(i(F).text)} – `:``,()=>C(N.settings)])});var z=T(I),B=e=>{var t=te(),r=T(t),a=h(r,!0),s=w(r,2);x(s,17,()=>i(f),e=>e.text,(e,t)=>{var r=ee(),a=T(r),s=h(a,!0),c=w(a,2);x(c,21,()=>i(t).parts,e=>e.id,(e,t)=>{var r=Q(),a=T(r),s=T(a);P(s,{get svg(){return i(t).icon}});var c=w(s,2),u=T(c),d=h(u,!0),f=w(u),p=h(f,!0);D(c);var m=w(c,2),g=T(m);P(g,{get svg(){return A},size:18}),D(m),D(a),D(r),l((e,r,o)=>{_(a,`href`,e),_(a,`aria-current`,i(F)===i(t)?`page`:void 0),n(d,r),n(p,o)},[()=>j(`settings/${i(t).id}`),()=>C(i(t).text),()=>C(i(t).about)]),o(e,r)}),D(c),D(r),l(e=>n(s,e),[()=>C(i(t).text)]),o(e,r)}),D(t),l((e,r)=>{_(t,`aria-label`,e),n(a,r)},[()=>C(N.settings),()=>C(N.settings)]),o(e,t)};s(z,e=>{(a.current||!r.part)&&e(B)});var V=w(z,2),U=e=>{var r=ie(),d=T(r),f=e=>{var t=ne(),r=y(t),i=h(r,!0),a=w(r,2),s=T(a);P(s,{get svg(){return k}});var c=w(s,1,!0);D(a),l((e,t,r)=>{n(i,e),_(a,`href`,t),n(c,r)},[()=>C(N.settings),()=>j(`settings`),()=>C(N.settings)]),o(e,t)};s(d,e=>{a.current||e(f)});var m=w(d,2);b(m,()=>i(F).id,e=>{var r=u(),a=y(r);c(a,()=>i(F).load(),e=>{{let t=g(()=>C(N.loading));M(e,{kind:`loading`,get title(){return i(t)}})}},(e,n)=>{var r=g(()=>{var{default:e}=i(n);return{Part:e}}),a=g(()=>i(r).Part),s=u(),c=y(s);t(c,()=>i(a),(e,t)=>{t(e,{})}),o(e,s)},(e,t)=>{{let r=g(()=>C(N.viewFailed)),a=g(()=>String(i(t)));M(e,{kind:`bad`,get title(){return i(r)},get words(){return i(a)},children:(e,t)=>{var r=re(),i=h(r,!0);l(e=>n(i,e),[()=>C(N.tryAgain)]),p(`click`,r,()=>location.reload()),o(e,r)},$$slots:{default:!0}})}}),o(e,r)}),D(r),o(e,r)},W=e=>{{let t=g(()=>C(N.nothingHere)),r=g(()=>C(R.noPart));M(e,{get title(){return i(t)},get words(){return i(r)},children:(e,t)=>{var r=ae(),i=h(r,!0);l((e,t)=>{_(r,`href`,e),n(i,t)},[()=>j(`settings`),()=>C(N.settings)]),o(e,r)},$$slots:{default:!0}})}};s(V,e=>{i(F)?e(U):r.part&&e(W,1)}),D(I),o(e,I),S()}f([`click`]);export{$ as default,U as n,Z as t};