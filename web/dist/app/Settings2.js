import{t as e}from"./rolldown-runtime.js";import"./disclose-version.js";import{E as t,F as n,I as r,J as i,K as a,L as o,M as s,N as c,Q as l,R as u,T as d,U as f,W as p,Z as m,at as h,ft as g,h as _,ht as v,it as y,j as ee,k as b,mt as x,n as S,ot as C,rt as w,tt as T,yt as E,z as D}from"./text.svelte.js";import{t as O}from"./chevron-left.js";import{t as k}from"./chevron-right.js";import{I as A,a as j,b as M,g as N,m as P,n as F,x as I}from"./app.js";import{t as L}from"./settings.js";import{t as R}from"./shield-check.js";var z=class{#e;#t;constructor(e,t){this.#e=e,this.#t=r(t)}get current(){return this.#t(),this.#e()}},B=/\(.+\)/,V=new Set([`all`,`print`,`screen`,`and`,`or`,`not`,`only`]),H=class extends z{constructor(e,t){let n=B.test(e)||e.split(/[\s,]+/).some(e=>V.has(e.trim()))?e:`(${e})`,r=window.matchMedia(n);super(()=>r.matches,e=>a(r,`change`,e))}},U=`<!-- @license lucide-static v1.62.0 - ISC -->
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
`,Q=e=>e.admin,te=[{text:L.groupCameras,parts:[{id:`cameras`,icon:P,text:L.cameras,about:L.camerasAbout,for:Q,load:()=>F(()=>import(`./Cameras.js`),[],import.meta.url)}]},{text:L.groupAccess,parts:[{id:`users`,icon:Z,text:L.users,about:L.usersAbout,for:Q,load:()=>F(()=>import(`./Users.js`),[],import.meta.url)},{id:`tokens`,icon:G,text:L.tokens,about:L.tokensAbout,for:Q,load:()=>F(()=>import(`./Tokens.js`),[],import.meta.url)},{id:`links`,icon:K,text:L.links,about:L.linksAbout,for:Q,load:()=>F(()=>import(`./Links.js`),[],import.meta.url)},{id:`sessions`,icon:J,text:L.sessions,about:L.sessionsAbout,for:({kind:e})=>e!==`token`,load:()=>F(()=>import(`./Sessions.js`),[],import.meta.url)}]},{text:L.groupServer,parts:[{id:`server`,icon:X,text:L.server,about:L.serverAbout,for:Q,load:()=>F(()=>import(`./Server.js`),[],import.meta.url)},{id:`tls`,icon:R,text:L.tls,about:L.tlsAbout,for:Q,load:()=>F(()=>import(`./Encryption.js`),[],import.meta.url)},{id:`limits`,icon:W,text:L.limits,about:L.limitsAbout,for:Q,load:()=>F(()=>import(`./Limits.js`),[],import.meta.url)},{id:`log`,icon:q,text:L.log,about:L.logAbout,for:Q,load:()=>F(()=>import(`./Log.js`),[],import.meta.url)},{id:`all`,icon:U,text:L.all,about:L.allAbout,for:Q,load:()=>F(()=>import(`./AllSettings.js`),[],import.meta.url)}]},{text:L.groupYou,parts:[{id:`account`,icon:Y,text:L.account,about:L.accountAbout,for:()=>!0,load:()=>F(()=>import(`./Account.js`),[],import.meta.url)}]}];function ne(e){return te.map(t=>({...t,parts:t.parts.filter(t=>t.for(e))})).filter(e=>e.parts.length>0)}var re=e({default:()=>$}),ie=D(`<li class="svelte-bt2cke"><a class="svelte-bt2cke"><!> <span class="words svelte-bt2cke"><span> </span><span class="quiet small about svelte-bt2cke"> </span></span> <span class="forth svelte-bt2cke"><!></span></a></li>`),ae=D(`<div class="group"><h2 class="svelte-bt2cke"> </h2> <ul class="svelte-bt2cke"></ul></div>`),oe=D(`<nav class="svelte-bt2cke"><h1 class="svelte-bt2cke"> </h1> <!></nav>`),se=D(`<h1 class="unseen svelte-bt2cke"> </h1> <a class="button bare back svelte-bt2cke"><!> </a>`,1),ce=D(`<button type="button" class="button"> </button>`),le=D(`<div class="part svelte-bt2cke"><!> <!></div>`),ue=D(`<a class="button"> </a>`),de=D(`<div class="page settings svelte-bt2cke"><!> <!></div>`);function $(e,r){v(r,!0);let a=new H(`min-width: 56rem`),f=g(()=>I.me?ne(I.me):[]),D=g(()=>i(f).flatMap(e=>e.parts)),P=g(()=>r.part?i(D).find(({id:e})=>e===r.part):a.current?I.me?.admin?i(D)[0]:i(D).at(-1):void 0);var F=de();d(`bt2cke`,e=>{m((e,t)=>{T.title=`${e??``}${t??``} – Framegate`},[()=>i(P)?`${S(i(P).text)} – `:``,()=>S(M.settings)])});var R=w(F),z=e=>{var t=oe(),r=w(t),a=h(r,!0),s=C(r,2);b(s,17,()=>i(f),e=>e.text,(e,t)=>{var r=ae(),a=w(r),s=h(a,!0),c=C(a,2);b(c,21,()=>i(t).parts,e=>e.id,(e,t)=>{var r=ie(),a=w(r),s=w(a);N(s,{get svg(){return i(t).icon}});var c=C(s,2),u=w(c),d=h(u,!0),f=C(u),p=h(f,!0);E(c);var m=C(c,2),g=w(m);N(g,{get svg(){return k},size:18}),E(m),E(a),E(r),l((e,r,o)=>{_(a,`href`,e),_(a,`aria-current`,i(P)===i(t)?`page`:void 0),n(d,r),n(p,o)},[()=>A(`settings/${i(t).id}`),()=>S(i(t).text),()=>S(i(t).about)]),o(e,r)}),E(c),E(r),l(e=>n(s,e),[()=>S(i(t).text)]),o(e,r)}),E(t),l((e,r)=>{_(t,`aria-label`,e),n(a,r)},[()=>S(M.settings),()=>S(M.settings)]),o(e,t)};s(R,e=>{(a.current||!r.part)&&e(z)});var B=C(R,2),V=e=>{var r=le(),d=w(r),f=e=>{var t=se(),r=y(t),i=h(r,!0),a=C(r,2),s=w(a);N(s,{get svg(){return O}});var c=C(s,1,!0);E(a),l((e,t,r)=>{n(i,e),_(a,`href`,t),n(c,r)},[()=>S(M.settings),()=>A(`settings`),()=>S(M.settings)]),o(e,t)};s(d,e=>{a.current||e(f)});var m=C(d,2);ee(m,()=>i(P).id,e=>{var r=u(),a=y(r);c(a,()=>i(P).load(),e=>{{let t=g(()=>S(M.loading));j(e,{kind:`loading`,get title(){return i(t)}})}},(e,n)=>{var r=g(()=>{var{default:e}=i(n);return{Part:e}}),a=g(()=>i(r).Part),s=u(),c=y(s);t(c,()=>i(a),(e,t)=>{t(e,{})}),o(e,s)},(e,t)=>{{let r=g(()=>S(M.viewFailed)),a=g(()=>String(i(t)));j(e,{kind:`bad`,get title(){return i(r)},get words(){return i(a)},children:(e,t)=>{var r=ce(),i=h(r,!0);l(e=>n(i,e),[()=>S(M.tryAgain)]),p(`click`,r,()=>location.reload()),o(e,r)},$$slots:{default:!0}})}}),o(e,r)}),E(r),o(e,r)},U=e=>{{let t=g(()=>S(M.nothingHere)),r=g(()=>S(L.noPart));j(e,{get title(){return i(t)},get words(){return i(r)},children:(e,t)=>{var r=ue(),i=h(r,!0);l((e,t)=>{_(r,`href`,e),n(i,t)},[()=>A(`settings`),()=>S(M.settings)]),o(e,r)},$$slots:{default:!0}})}};s(B,e=>{i(P)?e(V):r.part&&e(U,1)}),E(F),o(e,F),x()}f([`click`]);export{$ as default,G as n,re as t};