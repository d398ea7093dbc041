import"./disclose-version.js";import{B as e,E as t,G as n,H as r,I as i,M as a,P as o,V as s,Y as c,at as l,dt as u,et as d,f,ft as p,gt as m,h,k as g,lt as _,m as v,nt as y,ot as b,p as x,rt as S,tt as C,vt as w}from"./index-client.js";import{t as T}from"./monitor.js";import{C as E,O as D,T as O,_ as k,d as A,f as j,n as M,r as N}from"./app.js";import{t as P}from"./format.js";import{t as ee}from"./settings-people.js";import{n as te}from"./Field.js";import{t as ne}from"./Rights.js";import{t as F}from"./Secret.js";var re=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-moon"
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
  <path d="M20.985 12.486a9 9 0 1 1-9.473-9.472c.405-.022.617.46.402.803a6 6 0 0 0 8.268 8.268c.344-.215.825-.004.803.401" />
</svg>
`,ie=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-sun"
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
  <circle cx="12" cy="12" r="4" />
  <path d="M12 2v2" />
  <path d="M12 20v2" />
  <path d="m4.93 4.93 1.41 1.41" />
  <path d="m17.66 17.66 1.41 1.41" />
  <path d="M2 12h2" />
  <path d="M20 12h2" />
  <path d="m6.34 17.66-1.41 1.41" />
  <path d="m19.07 4.93-1.41 1.41" />
</svg>
`,I={title:[`Account and display`,`Konto und Anzeige`],who:[`You`,`Sie`],loggedInAs:[`Logged in as`,`Angemeldet als`],open:[`No login is needed here: whoever comes may do everything.`,`Hier ist keine Anmeldung nötig: Wer kommt, darf alles.`],rights:[`You may`,`Sie dürfen`],untilWhen:[`This login ends`,`Diese Anmeldung endet`],display:[`Display`,`Anzeige`],displayWords:[`Kept for you on the server, for all your devices.`,`Wird für Sie auf dem Server behalten, für alle Ihre Geräte.`],theme:[`Colours`,`Farben`],themeAuto:[`As the device`,`Wie das Gerät`],themeLight:[`Light`,`Hell`],themeDark:[`Dark`,`Dunkel`],language:[`Language`,`Sprache`],languageAuto:[`As the browser`,`Wie der Browser`],password:[`Password`,`Passwort`],passwordWords:[`All your other logins, streams and links end with it.`,`Alle Ihre anderen Anmeldungen, Streams und Links enden damit.`],old:[`Present password`,`Jetziges Passwort`],fresh:[`New password`,`Neues Passwort`],freshHelp:[`12 characters or more`,`12 Zeichen oder mehr`],changePassword:[`Change the password`,`Passwort ändern`],changed:[`Your password was changed.`,`Ihr Passwort wurde geändert.`]},L=i(`<label class="svelte-10aldru"><input class="unseen svelte-10aldru" type="radio" name="theme"/><span class="choice svelte-10aldru"><!> </span></label>`),ae=i(`<label class="svelte-10aldru"><input class="unseen svelte-10aldru" type="radio" name="language"/><span class="choice svelte-10aldru"> </span></label>`),oe=i(`<p> </p>`),se=i(`<span class="chip"> </span>`),ce=i(`<dt> </dt><dd> </dd>`,1),le=i(`<dl class="facts"><dt> </dt><dd class="row"><strong> </strong><!></dd> <dt> </dt><dd><!></dd> <!></dl>`),ue=i(`<section class="card stack"><h3> </h3> <!></section>`),de=i(`<p class="bad" role="alert"> </p>`),fe=i(`<form class="card stack"><div><h3> </h3> <p class="quiet small"> </p></div> <span class="unseen"><input type="text" name="username" autocomplete="username" tabindex="-1" readonly=""/></span> <div class="pair svelte-10aldru"><!> <!></div> <!> <div><button type="submit" class="button primary"> </button></div></form>`),R=i(`<h2> </h2> <section class="card stack"><h3> </h3> <fieldset class="choices svelte-10aldru"><legend class="svelte-10aldru"> </legend> <!></fieldset> <fieldset class="choices svelte-10aldru"><legend class="svelte-10aldru"> </legend> <!></fieldset> <p class="quiet small"> </p></section> <!> <!>`,1);function z(e,i){p(i,!0);let z=[{id:void 0,icon:T,text:I.themeAuto},{id:`light`,icon:ie,text:I.themeLight},{id:`dark`,icon:re,text:I.themeDark}],B=[{id:void 0,text:I.languageAuto,tag:void 0},{id:`en`,text:[`English`,`English`],tag:`en`},{id:`de`,text:[`Deutsch`,`Deutsch`],tag:`de`}],V=b(``),H=b(``),U=b({}),W=b(!1);async function pe(e){if(e.preventDefault(),[...n(H)].length<12)l(U,{password:D(I.freshHelp)});else{l(W,!0),l(U,{});try{j(await k(`post`,`/api/v1/me/password`,{body:{old:n(V),password:n(H)}})),(e=>{var t=w(e,2);l(V,t[0],!0),l(H,t[1],!0)})([``,``]),E(`good`,D(I.changed))}catch(e){l(U,te(e,[`old`,`password`]))}finally{l(W,!1)}}}var G=R(),K=C(G),me=y(K,!0),q=S(K,2),J=d(q),he=y(J,!0),Y=S(J,2),X=d(Y),ge=y(X,!0),_e=S(X,2);t(_e,17,()=>z,e=>e.id,(e,t)=>{var r=L(),i=d(r);f(i);var l=S(i),u=d(l);O(u,{get svg(){return n(t).icon}});var p=S(u,1,!0);m(l),m(r),c(e=>{v(i,N.now.theme===n(t).id),a(p,e)},[()=>D(n(t).text)]),s(`change`,i,()=>M({theme:n(t).id})),o(e,r)}),m(Y);var Z=S(Y,2),Q=d(Z),ve=y(Q,!0),ye=S(Q,2);t(ye,17,()=>B,e=>e.id,(e,t)=>{var r=ae(),i=d(r);f(i);var l=S(i),u=y(l,!0);m(r),c(e=>{x(r,`lang`,n(t).tag),v(i,N.now.language===n(t).id),a(u,e)},[()=>D(n(t).text)]),s(`change`,i,()=>M({language:n(t).id})),o(e,r)}),m(Z);var be=S(Z,2),xe=y(be,!0);m(q);var $=S(q,2),Se=e=>{var t=ue(),n=d(t),r=y(n,!0),i=S(n,2),s=e=>{var t=oe(),n=y(t,!0);c(e=>a(n,e),[()=>D(I.open)]),o(e,t)},l=e=>{var t=le(),n=d(t),r=y(n,!0),i=S(n),s=d(i),l=y(s,!0),u=S(s),f=e=>{var t=se(),n=y(t,!0);c(e=>a(n,e),[()=>D(ee.admin)]),o(e,t)};g(u,e=>{A.me.admin&&e(f)}),m(i);var p=S(i,2),h=y(p,!0),_=S(p),v=d(_);ne(v,{get grants(){return A.me.grants}}),m(_);var b=S(_,2),x=e=>{var t=ce(),n=C(t),r=y(n,!0),i=S(n),s=y(i,!0);c((e,t)=>{a(r,e),a(s,t)},[()=>D(I.untilWhen),()=>P(A.me.expires,A.nowMs())]),o(e,t)};g(b,e=>{A.me.expires&&e(x)}),m(t),c((e,t)=>{a(r,e),a(l,A.me.name),a(h,t)},[()=>D(I.loggedInAs),()=>D(I.rights)]),o(e,t)};g(i,e=>{A.me.kind===`anyone`?e(s):e(l,-1)}),m(t),c(e=>a(r,e),[()=>D(I.who)]),o(e,t)};g($,e=>{A.me&&e(Se)});var Ce=S($,2),we=e=>{var t=fe(),i=d(t),s=d(i),u=y(s,!0),p=S(s,2),v=y(p,!0);m(i);var b=S(i,2),C=d(b);f(C),m(b);var w=S(b,2),T=d(w);{let e=_(()=>D(I.old));F(T,{get label(){return n(e)},get fault(){return n(U).old},name:`old`,autocomplete:`current-password`,required:!0,get value(){return n(V)},set value(e){l(V,e,!0)}})}var E=S(T,2);{let e=_(()=>D(I.fresh)),t=_(()=>D(I.freshHelp));F(E,{get label(){return n(e)},get help(){return n(t)},get fault(){return n(U).password},name:`new`,autocomplete:`new-password`,required:!0,get value(){return n(H)},set value(e){l(H,e,!0)}})}m(w);var O=S(w,2),k=e=>{var t=de(),r=y(t,!0);c(()=>a(r,n(U)[``])),o(e,t)};g(O,e=>{n(U)[``]&&e(k)});var j=S(O,2),M=d(j),N=y(M,!0);m(j),m(t),c((e,t,r,i)=>{a(u,e),a(v,t),h(C,A.me.name),x(C,`aria-label`,r),M.disabled=n(W),a(N,i)},[()=>D(I.password),()=>D(I.passwordWords),()=>D(I.loggedInAs),()=>D(I.changePassword)]),r(`submit`,t,pe),o(e,t)};g(Ce,e=>{A.me?.kind===`user`&&e(we)}),c((e,t,n,r,i)=>{a(me,e),a(he,t),a(ge,n),a(ve,r),a(xe,i)},[()=>D(I.title),()=>D(I.display),()=>D(I.theme),()=>D(I.language),()=>D(I.displayWords)]),o(e,G),u()}e([`change`]);export{z as default};