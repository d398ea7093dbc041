import{t as e}from"./rolldown-runtime.js";import{l as t,n}from"./live.svelte.js";import{E as r,F as i,I as a,J as o,K as s,L as c,M as l,N as u,Q as d,R as f,T as p,U as m,W as h,Z as g,at as _,ft as v,h as y,ht as b,it as x,j as S,k as C,mt as w,n as T,ot as E,rt as D,tt as ee,yt as O,z as k}from"./text.svelte.js";import{t as A}from"./chevron-left.js";import{t as j}from"./chevron-right.js";import{a as M,b as N,g as P,m as F,n as I}from"./app.js";import{t as L}from"./settings.js";import{t as R}from"./shield-check.js";var z=class{#e;#t;constructor(e,t){this.#e=e,this.#t=a(t)}get current(){return this.#t(),this.#e()}},B=/\(.+\)/,V=new Set([`all`,`print`,`screen`,`and`,`or`,`not`,`only`]),H=class extends z{constructor(e,t){let n=B.test(e)||e.split(/[\s,]+/).some(e=>V.has(e.trim()))?e:`(${e})`,r=window.matchMedia(n);super(()=>r.matches,e=>s(r,`change`,e))}},U=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-file-cog"
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
  <path d="M15 8a1 1 0 0 1-1-1V2a2.4 2.4 0 0 1 1.704.706l3.588 3.588A2.4 2.4 0 0 1 20 8z" />
  <path d="M20 8v12a2 2 0 0 1-2 2h-4.182" />
  <path d="m3.305 19.53.923-.382" />
  <path d="M4 10.592V4a2 2 0 0 1 2-2h8" />
  <path d="m4.228 16.852-.924-.383" />
  <path d="m5.852 15.228-.383-.923" />
  <path d="m5.852 20.772-.383.924" />
  <path d="m8.148 15.228.383-.923" />
  <path d="m8.53 21.696-.382-.924" />
  <path d="m9.773 16.852.922-.383" />
  <path d="m9.773 19.148.922.383" />
  <circle cx="7" cy="18" r="3" />
</svg>
`,W=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-gauge"
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
  <path d="m12 14 4-4" />
  <path d="M3.34 19a10 10 0 1 1 17.32 0" />
</svg>
`,G=`<!-- @license lucide-static v1.62.0 - ISC -->
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
`,K=`<!-- @license lucide-static v1.62.0 - ISC -->
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
`,q=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-logs"
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
  <path d="M3 5h1" />
  <path d="M3 12h1" />
  <path d="M3 19h1" />
  <path d="M8 5h1" />
  <path d="M8 12h1" />
  <path d="M8 19h1" />
  <path d="M13 5h8" />
  <path d="M13 12h8" />
  <path d="M13 19h8" />
</svg>
`,J=`<!-- @license lucide-static v1.62.0 - ISC -->
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
`,Y=`<!-- @license lucide-static v1.62.0 - ISC -->
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
`,X=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-server"
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
  <rect width="20" height="8" x="2" y="2" rx="2" ry="2" />
  <rect width="20" height="8" x="2" y="14" rx="2" ry="2" />
  <line x1="6" x2="6.01" y1="6" y2="6" />
  <line x1="6" x2="6.01" y1="18" y2="18" />
</svg>
`,Z=`<!-- @license lucide-static v1.62.0 - ISC -->
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
`,Q=e=>e.admin,te=[{text:L.groupCameras,parts:[{id:`cameras`,icon:F,text:L.cameras,about:L.camerasAbout,for:Q,load:()=>I(()=>import(`./Cameras.js`),[],import.meta.url)}]},{text:L.groupAccess,parts:[{id:`users`,icon:Z,text:L.users,about:L.usersAbout,for:Q,load:()=>I(()=>import(`./Users.js`),[],import.meta.url)},{id:`tokens`,icon:G,text:L.tokens,about:L.tokensAbout,for:Q,load:()=>I(()=>import(`./Tokens.js`),[],import.meta.url)},{id:`links`,icon:K,text:L.links,about:L.linksAbout,for:Q,load:()=>I(()=>import(`./Links.js`),[],import.meta.url)},{id:`sessions`,icon:J,text:L.sessions,about:L.sessionsAbout,for:({kind:e})=>e!==`token`,load:()=>I(()=>import(`./Sessions.js`),[],import.meta.url)}]},{text:L.groupServer,parts:[{id:`server`,icon:X,text:L.server,about:L.serverAbout,for:Q,load:()=>I(()=>import(`./Server.js`),[],import.meta.url)},{id:`tls`,icon:R,text:L.tls,about:L.tlsAbout,for:Q,load:()=>I(()=>import(`./Encryption.js`),[],import.meta.url)},{id:`limits`,icon:W,text:L.limits,about:L.limitsAbout,for:Q,load:()=>I(()=>import(`./Limits.js`),[],import.meta.url)},{id:`log`,icon:q,text:L.log,about:L.logAbout,for:Q,load:()=>I(()=>import(`./Log.js`),[],import.meta.url)},{id:`all`,icon:U,text:L.all,about:L.allAbout,for:Q,load:()=>I(()=>import(`./AllSettings.js`),[],import.meta.url)}]},{text:L.groupYou,parts:[{id:`account`,icon:Y,text:L.account,about:L.accountAbout,for:()=>!0,load:()=>I(()=>import(`./Account.js`),[],import.meta.url)}]}];function ne(e){return te.map(t=>({...t,parts:t.parts.filter(t=>t.for(e))})).filter(e=>e.parts.length>0)}var re=e({default:()=>$}),ie=k(`<li class="svelte-bt2cke"><a class="svelte-bt2cke"><!> <span class="words svelte-bt2cke"><span> </span><span class="quiet small about svelte-bt2cke"> </span></span> <span class="forth svelte-bt2cke"><!></span></a></li>`),ae=k(`<div class="group"><h2 class="svelte-bt2cke"> </h2> <ul class="svelte-bt2cke"></ul></div>`),oe=k(`<nav class="svelte-bt2cke"><h1 class="svelte-bt2cke"> </h1> <!></nav>`),se=k(`<h1 class="unseen svelte-bt2cke"> </h1> <a class="button bare back svelte-bt2cke"><!> </a>`,1),ce=k(`<button type="button" class="button"> </button>`),le=k(`<div class="part svelte-bt2cke"><!> <!></div>`),ue=k(`<a class="button"> </a>`),de=k(`<div class="page settings svelte-bt2cke"><!> <!></div>`);function $(e,a){b(a,!0);let s=new H(`min-width: 56rem`),m=v(()=>n.me?ne(n.me):[]),k=v(()=>o(m).flatMap(e=>e.parts)),F=v(()=>a.part?o(k).find(({id:e})=>e===a.part):s.current?n.me?.admin?o(k)[0]:o(k).at(-1):void 0);var I=de();p(`bt2cke`,e=>{g((e,t)=>{ee.title=`${e??``}${t??``} – Framegate`},[()=>o(F)?`${T(o(F).text)} – `:``,()=>T(N.settings)])});var R=D(I),z=e=>{var n=oe(),r=D(n),a=_(r,!0),s=E(r,2);C(s,17,()=>o(m),e=>e.text,(e,n)=>{var r=ae(),a=D(r),s=_(a,!0),l=E(a,2);C(l,21,()=>o(n).parts,e=>e.id,(e,n)=>{var r=ie(),a=D(r),s=D(a);P(s,{get svg(){return o(n).icon}});var l=E(s,2),u=D(l),f=_(u,!0),p=E(u),m=_(p,!0);O(l);var h=E(l,2),g=D(h);P(g,{get svg(){return j},size:18}),O(h),O(a),O(r),d((e,t,r)=>{y(a,`href`,e),y(a,`aria-current`,o(F)===o(n)?`page`:void 0),i(f,t),i(m,r)},[()=>t(`settings/${o(n).id}`),()=>T(o(n).text),()=>T(o(n).about)]),c(e,r)}),O(l),O(r),d(e=>i(s,e),[()=>T(o(n).text)]),c(e,r)}),O(n),d((e,t)=>{y(n,`aria-label`,e),i(a,t)},[()=>T(N.settings),()=>T(N.settings)]),c(e,n)};l(R,e=>{(s.current||!a.part)&&e(z)});var B=E(R,2),V=e=>{var n=le(),a=D(n),p=e=>{var n=se(),r=x(n),a=_(r,!0),o=E(r,2),s=D(o);P(s,{get svg(){return A}});var l=E(s,1,!0);O(o),d((e,t,n)=>{i(a,e),y(o,`href`,t),i(l,n)},[()=>T(N.settings),()=>t(`settings`),()=>T(N.settings)]),c(e,n)};l(a,e=>{s.current||e(p)});var m=E(a,2);S(m,()=>o(F).id,e=>{var t=f(),n=x(t);u(n,()=>o(F).load(),e=>{{let t=v(()=>T(N.loading));M(e,{kind:`loading`,get title(){return o(t)}})}},(e,t)=>{var n=v(()=>{var{default:e}=o(t);return{Part:e}}),i=v(()=>o(n).Part),a=f(),s=x(a);r(s,()=>o(i),(e,t)=>{t(e,{})}),c(e,a)},(e,t)=>{{let n=v(()=>T(N.viewFailed)),r=v(()=>String(o(t)));M(e,{kind:`bad`,get title(){return o(n)},get words(){return o(r)},children:(e,t)=>{var n=ce(),r=_(n,!0);d(e=>i(r,e),[()=>T(N.tryAgain)]),h(`click`,n,()=>location.reload()),c(e,n)},$$slots:{default:!0}})}}),c(e,t)}),O(n),c(e,n)},U=e=>{{let n=v(()=>T(N.nothingHere)),r=v(()=>T(L.noPart));M(e,{get title(){return o(n)},get words(){return o(r)},children:(e,n)=>{var r=ue(),a=_(r,!0);d((e,t)=>{y(r,`href`,e),i(a,t)},[()=>t(`settings`),()=>T(N.settings)]),c(e,r)},$$slots:{default:!0}})}};l(B,e=>{o(F)?e(V):a.part&&e(U,1)}),O(I),c(e,I),w()}m([`click`]);export{$ as default,G as n,re as t};