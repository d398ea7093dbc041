import"./disclose-version.js";import{A as e,B as t,C as n,E as r,F as i,G as a,I as o,J as s,M as c,N as l,O as u,P as d,Q as f,S as p,U as m,V as h,Y as g,dt as _,et as v,ft as y,gt as b,k as x,lt as S,nt as C,p as w,rt as T,tt as E}from"./index-client.js";import{n as D,t as O}from"./chevron-right.js";import{E as k,O as A,T as j,b as M,d as N,i as P,t as F,v as I}from"./app.js";var L=Object.defineProperty,R=(e,t)=>{let n={};for(var r in e)L(n,r,{get:e[r],enumerable:!0});return t||L(n,Symbol.toStringTag,{value:`Module`}),n},z=class{#e;#t;constructor(e,t){this.#e=e,this.#t=l(t)}get current(){return this.#t(),this.#e()}},B=/\(.+\)/,V=new Set([`all`,`print`,`screen`,`and`,`or`,`not`,`only`]),H=class extends z{constructor(e,t){let n=B.test(e)||e.split(/[\s,]+/).some(e=>V.has(e.trim()))?e:`(${e})`,r=window.matchMedia(n);super(()=>r.matches,e=>m(r,`change`,e))}},U={groupCameras:[`Cameras and recordings`,`Kameras und Aufnahmen`],groupAccess:[`Access`,`Zugriff`],groupServer:[`Server`,`Server`],groupYou:[`You`,`Sie`],cameras:[`Cameras`,`Kameras`],camerasAbout:[`Add, change and record cameras`,`Kameras hinzufügen, ändern und aufzeichnen`],users:[`Users`,`Benutzer`],usersAbout:[`Who may do what`,`Wer was darf`],tokens:[`Tokens`,`Tokens`],tokensAbout:[`Access for programs`,`Zugriff für Programme`],sessions:[`Sessions`,`Sitzungen`],sessionsAbout:[`Where people are logged in`,`Wo jemand angemeldet ist`],links:[`Links`,`Links`],linksAbout:[`Addresses that need no login`,`Adressen, die keine Anmeldung brauchen`],account:[`Account`,`Konto`],accountAbout:[`Colours, language, password`,`Farben, Sprache, Passwort`],noPart:[`There is no such part of the settings, or you may not see it.`,`Diesen Teil der Einstellungen gibt es nicht, oder Sie dürfen ihn nicht sehen.`],failed:[`This could not be loaded`,`Das konnte nicht geladen werden`],optional:[`optional`,`optional`],never:[`Never`,`Nie`],showSecret:[`Show the password`,`Passwort anzeigen`]},W=`<!-- @license lucide-static v1.62.0 - ISC -->
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
`,G=`<!-- @license lucide-static v1.62.0 - ISC -->
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
`,K=`<!-- @license lucide-static v1.62.0 - ISC -->
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
`,q=`<!-- @license lucide-static v1.62.0 - ISC -->
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
`,J=`<!-- @license lucide-static v1.62.0 - ISC -->
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
`,Y=e=>e.admin,X=[{text:U.groupCameras,parts:[{id:`cameras`,icon:M,text:U.cameras,about:U.camerasAbout,for:Y,load:()=>F(()=>import(`./Cameras.js`),[],import.meta.url)}]},{text:U.groupAccess,parts:[{id:`users`,icon:J,text:U.users,about:U.usersAbout,for:Y,load:()=>F(()=>import(`./Users.js`),[],import.meta.url)},{id:`tokens`,icon:W,text:U.tokens,about:U.tokensAbout,for:Y,load:()=>F(()=>import(`./Tokens.js`),[],import.meta.url)},{id:`links`,icon:G,text:U.links,about:U.linksAbout,for:Y,load:()=>F(()=>import(`./Links.js`),[],import.meta.url)},{id:`sessions`,icon:K,text:U.sessions,about:U.sessionsAbout,for:({kind:e})=>e!==`token`,load:()=>F(()=>import(`./Sessions.js`),[],import.meta.url)}]},{text:U.groupYou,parts:[{id:`account`,icon:q,text:U.account,about:U.accountAbout,for:()=>!0,load:()=>F(()=>import(`./Account.js`),[],import.meta.url)}]}];function Z(e){return X.map(t=>({...t,parts:t.parts.filter(t=>t.for(e))})).filter(e=>e.parts.length>0)}var Q=R({default:()=>$}),ee=o(`<li class="svelte-bt2cke"><a class="svelte-bt2cke"><!> <span class="words svelte-bt2cke"><span> </span><span class="quiet small about svelte-bt2cke"> </span></span> <span class="forth svelte-bt2cke"><!></span></a></li>`),te=o(`<div class="group"><h2 class="svelte-bt2cke"> </h2> <ul class="svelte-bt2cke"></ul></div>`),ne=o(`<nav class="svelte-bt2cke"><h1 class="svelte-bt2cke"> </h1> <!></nav>`),re=o(`<a class="button bare back svelte-bt2cke"><!> </a>`),ie=o(`<button type="button" class="button"> </button>`),ae=o(`<div class="part svelte-bt2cke"><!> <!></div>`),oe=o(`<a class="button"> </a>`),se=o(`<div class="page settings svelte-bt2cke"><!> <!></div>`);function $(t,o){y(o,!0);let l=new H(`min-width: 56rem`),m=S(()=>N.me?Z(N.me):[]),M=S(()=>a(m).flatMap(e=>e.parts)),F=S(()=>o.part?a(M).find(({id:e})=>e===o.part):l.current?a(M)[0]:void 0);var L=se();p(`bt2cke`,e=>{s((e,t)=>{f.title=`${e??``}${t??``} – Framegate`},[()=>a(F)?`${A(a(F).text)} – `:``,()=>A(k.settings)])});var R=v(L),z=e=>{var t=ne(),n=v(t),i=C(n,!0),o=T(n,2);r(o,17,()=>a(m),e=>e.text,(e,t)=>{var n=te(),i=v(n),o=C(i,!0),s=T(i,2);r(s,21,()=>a(t).parts,e=>e.id,(e,t)=>{var n=ee(),r=v(n),i=v(r);j(i,{get svg(){return a(t).icon}});var o=T(i,2),s=v(o),l=C(s,!0),u=T(s),f=C(u,!0);b(o);var p=T(o,2),m=v(p);j(m,{get svg(){return O},size:18}),b(p),b(r),b(n),g((e,n,i)=>{w(r,`href`,e),w(r,`aria-current`,a(F)===a(t)?`page`:void 0),c(l,n),c(f,i)},[()=>I(`settings/${a(t).id}`),()=>A(a(t).text),()=>A(a(t).about)]),d(e,n)}),b(s),b(n),g(e=>c(o,e),[()=>A(a(t).text)]),d(e,n)}),b(t),g((e,n)=>{w(t,`aria-label`,e),c(i,n)},[()=>A(k.settings),()=>A(k.settings)]),d(e,t)};x(R,e=>{(l.current||!o.part)&&e(z)});var B=T(R,2),V=t=>{var r=ae(),o=v(r),s=e=>{var t=re(),n=v(t);j(n,{get svg(){return D}});var r=T(n,1,!0);b(t),g((e,n)=>{w(t,`href`,e),c(r,n)},[()=>I(`settings`),()=>A(k.settings)]),d(e,t)};x(o,e=>{l.current||e(s)});var f=T(o,2);u(f,()=>a(F).id,t=>{var r=i(),o=E(r);e(o,()=>a(F).load(),e=>{{let t=S(()=>A(k.loading));P(e,{kind:`loading`,get title(){return a(t)}})}},(e,t)=>{var r=S(()=>{var{default:e}=a(t);return{Part:e}}),o=S(()=>a(r).Part),s=i(),c=E(s);n(c,()=>a(o),(e,t)=>{t(e,{})}),d(e,s)},(e,t)=>{{let n=S(()=>A(k.viewFailed)),r=S(()=>String(a(t)));P(e,{kind:`bad`,get title(){return a(n)},get words(){return a(r)},children:(e,t)=>{var n=ie(),r=C(n,!0);g(e=>c(r,e),[()=>A(k.tryAgain)]),h(`click`,n,()=>location.reload()),d(e,n)},$$slots:{default:!0}})}}),d(t,r)}),b(r),d(t,r)},W=e=>{{let t=S(()=>A(k.nothingHere)),n=S(()=>A(U.noPart));P(e,{get title(){return a(t)},get words(){return a(n)},children:(e,t)=>{var n=oe(),r=C(n,!0);g((e,t)=>{w(n,`href`,e),c(r,t)},[()=>I(`settings`),()=>A(k.settings)]),d(e,n)},$$slots:{default:!0}})}};x(B,e=>{a(F)?e(V):o.part&&e(W,1)}),b(L),d(t,L),_()}t([`click`]);export{$ as default,W as n,U as r,Q as t};