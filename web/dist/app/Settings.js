import{t as e}from"./rolldown-runtime.js";import"./disclose-version.js";import{A as t,F as n,G as r,H as i,I as a,L as o,M as s,O as c,P as l,R as u,T as d,U as f,X as p,Z as m,at as h,dt as g,et as _,h as v,it as y,j as b,mt as x,n as S,nt as C,pt as w,q as T,rt as E,vt as D,w as ee}from"./text.svelte.js";import{n as O,t as k}from"./chevron-right.js";import{E as A,T as j,b as M,d as N,i as P,t as F,v as I}from"./app.js";var L=class{#e;#t;constructor(e,t){this.#e=e,this.#t=n(t)}get current(){return this.#t(),this.#e()}},R=/\(.+\)/,z=new Set([`all`,`print`,`screen`,`and`,`or`,`not`,`only`]),B=class extends L{constructor(e,t){let n=R.test(e)||e.split(/[\s,]+/).some(e=>z.has(e.trim()))?e:`(${e})`,i=window.matchMedia(n);super(()=>i.matches,e=>r(i,`change`,e))}},V={groupCameras:[`Cameras and recordings`,`Kameras und Aufnahmen`],groupAccess:[`Access`,`Zugriff`],groupServer:[`Server`,`Server`],groupYou:[`You`,`Sie`],cameras:[`Cameras`,`Kameras`],camerasAbout:[`Add, change and record cameras`,`Kameras hinzufügen, ändern und aufzeichnen`],users:[`Users`,`Benutzer`],usersAbout:[`Who may do what`,`Wer was darf`],tokens:[`Tokens`,`Tokens`],tokensAbout:[`Access for programs`,`Zugriff für Programme`],sessions:[`Sessions`,`Sitzungen`],sessionsAbout:[`Where people are logged in`,`Wo jemand angemeldet ist`],links:[`Links`,`Links`],linksAbout:[`Addresses that need no login`,`Adressen, die keine Anmeldung brauchen`],account:[`Account`,`Konto`],accountAbout:[`Colours, language, password`,`Farben, Sprache, Passwort`],noPart:[`There is no such part of the settings, or you may not see it.`,`Diesen Teil der Einstellungen gibt es nicht, oder Sie dürfen ihn nicht sehen.`],failed:[`This could not be loaded`,`Das konnte nicht geladen werden`],optional:[`optional`,`optional`],never:[`Never`,`Nie`],showSecret:[`Show the password`,`Passwort anzeigen`]},H=`<!-- @license lucide-static v1.62.0 - ISC -->
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
`,U=`<!-- @license lucide-static v1.62.0 - ISC -->
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
`,W=`<!-- @license lucide-static v1.62.0 - ISC -->
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
`,G=`<!-- @license lucide-static v1.62.0 - ISC -->
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
`,K=`<!-- @license lucide-static v1.62.0 - ISC -->
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
`,q=e=>e.admin,J=[{text:V.groupCameras,parts:[{id:`cameras`,icon:M,text:V.cameras,about:V.camerasAbout,for:q,load:()=>F(()=>import(`./Cameras.js`),[],import.meta.url)}]},{text:V.groupAccess,parts:[{id:`users`,icon:K,text:V.users,about:V.usersAbout,for:q,load:()=>F(()=>import(`./Users.js`),[],import.meta.url)},{id:`tokens`,icon:H,text:V.tokens,about:V.tokensAbout,for:q,load:()=>F(()=>import(`./Tokens.js`),[],import.meta.url)},{id:`links`,icon:U,text:V.links,about:V.linksAbout,for:q,load:()=>F(()=>import(`./Links.js`),[],import.meta.url)},{id:`sessions`,icon:W,text:V.sessions,about:V.sessionsAbout,for:({kind:e})=>e!==`token`,load:()=>F(()=>import(`./Sessions.js`),[],import.meta.url)}]},{text:V.groupYou,parts:[{id:`account`,icon:G,text:V.account,about:V.accountAbout,for:()=>!0,load:()=>F(()=>import(`./Account.js`),[],import.meta.url)}]}];function Y(e){return J.map(t=>({...t,parts:t.parts.filter(t=>t.for(e))})).filter(e=>e.parts.length>0)}var X=e({default:()=>$}),Z=u(`<li class="svelte-bt2cke"><a class="svelte-bt2cke"><!> <span class="words svelte-bt2cke"><span> </span><span class="quiet small about svelte-bt2cke"> </span></span> <span class="forth svelte-bt2cke"><!></span></a></li>`),Q=u(`<div class="group"><h2 class="svelte-bt2cke"> </h2> <ul class="svelte-bt2cke"></ul></div>`),te=u(`<nav class="svelte-bt2cke"><h1 class="svelte-bt2cke"> </h1> <!></nav>`),ne=u(`<a class="button bare back svelte-bt2cke"><!> </a>`),re=u(`<button type="button" class="button"> </button>`),ie=u(`<div class="part svelte-bt2cke"><!> <!></div>`),ae=u(`<a class="button"> </a>`),oe=u(`<div class="page settings svelte-bt2cke"><!> <!></div>`);function $(e,n){x(n,!0);let r=new B(`min-width: 56rem`),i=g(()=>N.me?Y(N.me):[]),u=g(()=>T(i).flatMap(e=>e.parts)),M=g(()=>n.part?T(u).find(({id:e})=>e===n.part):r.current?T(u)[0]:void 0);var F=oe();ee(`bt2cke`,e=>{p((e,t)=>{_.title=`${e??``}${t??``} – Framegate`},[()=>T(M)?`${S(T(M).text)} – `:``,()=>S(A.settings)])});var L=C(F),R=e=>{var t=te(),n=C(t),r=y(n,!0),o=h(n,2);c(o,17,()=>T(i),e=>e.text,(e,t)=>{var n=Q(),r=C(n),i=y(r,!0),o=h(r,2);c(o,21,()=>T(t).parts,e=>e.id,(e,t)=>{var n=Z(),r=C(n),i=C(r);j(i,{get svg(){return T(t).icon}});var o=h(i,2),s=C(o),c=y(s,!0),u=h(s),d=y(u,!0);D(o);var f=h(o,2),p=C(f);j(p,{get svg(){return k},size:18}),D(f),D(r),D(n),m((e,n,i)=>{v(r,`href`,e),v(r,`aria-current`,T(M)===T(t)?`page`:void 0),l(c,n),l(d,i)},[()=>I(`settings/${T(t).id}`),()=>S(T(t).text),()=>S(T(t).about)]),a(e,n)}),D(o),D(n),m(e=>l(i,e),[()=>S(T(t).text)]),a(e,n)}),D(t),m((e,n)=>{v(t,`aria-label`,e),l(r,n)},[()=>S(A.settings),()=>S(A.settings)]),a(e,t)};b(L,e=>{(r.current||!n.part)&&e(R)});var z=h(L,2),H=e=>{var n=ie(),i=C(n),c=e=>{var t=ne(),n=C(t);j(n,{get svg(){return O}});var r=h(n,1,!0);D(t),m((e,n)=>{v(t,`href`,e),l(r,n)},[()=>I(`settings`),()=>S(A.settings)]),a(e,t)};b(i,e=>{r.current||e(c)});var u=h(i,2);t(u,()=>T(M).id,e=>{var t=o(),n=E(t);s(n,()=>T(M).load(),e=>{{let t=g(()=>S(A.loading));P(e,{kind:`loading`,get title(){return T(t)}})}},(e,t)=>{var n=g(()=>{var{default:e}=T(t);return{Part:e}}),r=g(()=>T(n).Part),i=o(),s=E(i);d(s,()=>T(r),(e,t)=>{t(e,{})}),a(e,i)},(e,t)=>{{let n=g(()=>S(A.viewFailed)),r=g(()=>String(T(t)));P(e,{kind:`bad`,get title(){return T(n)},get words(){return T(r)},children:(e,t)=>{var n=re(),r=y(n,!0);m(e=>l(r,e),[()=>S(A.tryAgain)]),f(`click`,n,()=>location.reload()),a(e,n)},$$slots:{default:!0}})}}),a(e,t)}),D(n),a(e,n)},U=e=>{{let t=g(()=>S(A.nothingHere)),n=g(()=>S(V.noPart));P(e,{get title(){return T(t)},get words(){return T(n)},children:(e,t)=>{var n=ae(),r=y(n,!0);m((e,t)=>{v(n,`href`,e),l(r,t)},[()=>I(`settings`),()=>S(A.settings)]),a(e,n)},$$slots:{default:!0}})}};b(z,e=>{T(M)?e(H):n.part&&e(U,1)}),D(F),a(e,F),w()}i([`click`]);export{$ as default,H as n,V as r,X as t};