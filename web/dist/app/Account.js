import"./disclose-version.js";import{H as e,I as t,O as n,P as r,R as i,U as a,W as o,Z as s,_ as c,at as l,bt as u,ct as d,dt as f,g as p,h as m,it as h,j as g,m as _,mt as v,n as y,nt as b,pt as x,q as S,rt as C,st as w,vt as T}from"./text.svelte.js";import{t as E}from"./monitor.js";import{C as D,T as O,_ as k,d as A,f as j,n as M,r as N}from"./app.js";import{t as ee}from"./format.js";import{t as te}from"./settings-people.js";import{n as ne}from"./Field.js";import{t as re}from"./Rights.js";import{t as P}from"./Secret.js";var ie=`<!-- @license lucide-static v1.62.0 - ISC -->
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
`,F=`<!-- @license lucide-static v1.62.0 - ISC -->
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
`,I={title:[`Account and display`,`Konto und Anzeige`],who:[`You`,`Sie`],loggedInAs:[`Logged in as`,`Angemeldet als`],open:[`No login is needed here: whoever comes may do everything.`,`Hier ist keine Anmeldung nötig: Wer kommt, darf alles.`],rights:[`You may`,`Sie dürfen`],untilWhen:[`This login ends`,`Diese Anmeldung endet`],display:[`Display`,`Anzeige`],displayWords:[`Kept for you on the server, for all your devices.`,`Wird für Sie auf dem Server behalten, für alle Ihre Geräte.`],theme:[`Colours`,`Farben`],themeAuto:[`As the device`,`Wie das Gerät`],themeLight:[`Light`,`Hell`],themeDark:[`Dark`,`Dunkel`],language:[`Language`,`Sprache`],languageAuto:[`As the browser`,`Wie der Browser`],password:[`Password`,`Passwort`],passwordWords:[`All your other logins, streams and links end with it.`,`Alle Ihre anderen Anmeldungen, Streams und Links enden damit.`],old:[`Present password`,`Jetziges Passwort`],fresh:[`New password`,`Neues Passwort`],freshHelp:[`12 characters or more`,`12 Zeichen oder mehr`],changePassword:[`Change the password`,`Passwort ändern`],changed:[`Your password was changed.`,`Ihr Passwort wurde geändert.`]},L=i(`<label class="svelte-10aldru"><input class="unseen svelte-10aldru" type="radio" name="theme"/><span class="choice svelte-10aldru"><!> </span></label>`),R=i(`<label class="svelte-10aldru"><input class="unseen svelte-10aldru" type="radio" name="language"/><span class="choice svelte-10aldru"> </span></label>`),ae=i(`<p> </p>`),oe=i(`<span class="chip"> </span>`),se=i(`<dt> </dt><dd> </dd>`,1),ce=i(`<dl class="facts"><dt> </dt><dd class="row"><strong> </strong><!></dd> <dt> </dt><dd><!></dd> <!></dl>`),le=i(`<section class="card stack"><h3> </h3> <!></section>`),ue=i(`<p class="bad" role="alert"> </p>`),de=i(`<form class="card stack"><div><h3> </h3> <p class="quiet small"> </p></div> <span class="unseen"><input type="text" name="username" autocomplete="username" tabindex="-1" readonly=""/></span> <div class="pair svelte-10aldru"><!> <!></div> <!> <div><button type="submit" class="button primary"> </button></div></form>`),fe=i(`<h2> </h2> <section class="card stack"><h3> </h3> <fieldset class="choices svelte-10aldru"><legend class="svelte-10aldru"> </legend> <!></fieldset> <fieldset class="choices svelte-10aldru"><legend class="svelte-10aldru"> </legend> <!></fieldset> <p class="quiet small"> </p></section> <!> <!>`,1);function z(e,i){v(i,!0);let z=[{id:void 0,icon:E,text:I.themeAuto},{id:`light`,icon:F,text:I.themeLight},{id:`dark`,icon:ie,text:I.themeDark}],B=[{id:void 0,text:I.languageAuto,tag:void 0},{id:`en`,text:[`English`,`English`],tag:`en`},{id:`de`,text:[`Deutsch`,`Deutsch`],tag:`de`}],V=d(``),H=d(``),U=d({}),W=d(!1);async function pe(e){if(e.preventDefault(),[...S(H)].length<12)w(U,{password:y(I.freshHelp)});else{w(W,!0),w(U,{});try{j(await k(`post`,`/api/v1/me/password`,{body:{old:S(V),password:S(H)}})),(e=>{var t=u(e,2);w(V,t[0],!0),w(H,t[1],!0)})([``,``]),D(`good`,y(I.changed))}catch(e){w(U,ne(e,[`old`,`password`]))}finally{w(W,!1)}}}var G=fe(),K=C(G),me=h(K,!0),q=l(K,2),J=b(q),he=h(J,!0),Y=l(J,2),X=b(Y),ge=h(X,!0),_e=l(X,2);n(_e,17,()=>z,e=>e.id,(e,n)=>{var i=L(),o=b(i);_(o);var c=l(o),u=b(c);O(u,{get svg(){return S(n).icon}});var d=l(u,1,!0);T(c),T(i),s(e=>{p(o,N.now.theme===S(n).id),r(d,e)},[()=>y(S(n).text)]),a(`change`,o,()=>M({theme:S(n).id})),t(e,i)}),T(Y);var Z=l(Y,2),Q=b(Z),ve=h(Q,!0),ye=l(Q,2);n(ye,17,()=>B,e=>e.id,(e,n)=>{var i=R(),o=b(i);_(o);var c=l(o),u=h(c,!0);T(i),s(e=>{m(i,`lang`,S(n).tag),p(o,N.now.language===S(n).id),r(u,e)},[()=>y(S(n).text)]),a(`change`,o,()=>M({language:S(n).id})),t(e,i)}),T(Z);var be=l(Z,2),xe=h(be,!0);T(q);var $=l(q,2),Se=e=>{var n=le(),i=b(n),a=h(i,!0),o=l(i,2),c=e=>{var n=ae(),i=h(n,!0);s(e=>r(i,e),[()=>y(I.open)]),t(e,n)},u=e=>{var n=ce(),i=b(n),a=h(i,!0),o=l(i),c=b(o),u=h(c,!0),d=l(c),f=e=>{var n=oe(),i=h(n,!0);s(e=>r(i,e),[()=>y(te.admin)]),t(e,n)};g(d,e=>{A.me.admin&&e(f)}),T(o);var p=l(o,2),m=h(p,!0),_=l(p),v=b(_);re(v,{get grants(){return A.me.grants}}),T(_);var x=l(_,2),S=e=>{var n=se(),i=C(n),a=h(i,!0),o=l(i),c=h(o,!0);s((e,t)=>{r(a,e),r(c,t)},[()=>y(I.untilWhen),()=>ee(A.me.expires,A.nowMs())]),t(e,n)};g(x,e=>{A.me.expires&&e(S)}),T(n),s((e,t)=>{r(a,e),r(u,A.me.name),r(m,t)},[()=>y(I.loggedInAs),()=>y(I.rights)]),t(e,n)};g(o,e=>{A.me.kind===`anyone`?e(c):e(u,-1)}),T(n),s(e=>r(a,e),[()=>y(I.who)]),t(e,n)};g($,e=>{A.me&&e(Se)});var Ce=l($,2),we=e=>{var n=de(),i=b(n),a=b(i),u=h(a,!0),d=l(a,2),p=h(d,!0);T(i);var v=l(i,2),x=b(v);_(x),T(v);var C=l(v,2),E=b(C);{let e=f(()=>y(I.old));P(E,{get label(){return S(e)},get fault(){return S(U).old},name:`old`,autocomplete:`current-password`,required:!0,get value(){return S(V)},set value(e){w(V,e,!0)}})}var D=l(E,2);{let e=f(()=>y(I.fresh)),t=f(()=>y(I.freshHelp));P(D,{get label(){return S(e)},get help(){return S(t)},get fault(){return S(U).password},name:`new`,autocomplete:`new-password`,required:!0,get value(){return S(H)},set value(e){w(H,e,!0)}})}T(C);var O=l(C,2),k=e=>{var n=ue(),i=h(n,!0);s(()=>r(i,S(U)[``])),t(e,n)};g(O,e=>{S(U)[``]&&e(k)});var j=l(O,2),M=b(j),N=h(M,!0);T(j),T(n),s((e,t,n,i)=>{r(u,e),r(p,t),c(x,A.me.name),m(x,`aria-label`,n),M.disabled=S(W),r(N,i)},[()=>y(I.password),()=>y(I.passwordWords),()=>y(I.loggedInAs),()=>y(I.changePassword)]),o(`submit`,n,pe),t(e,n)};g(Ce,e=>{A.me?.kind===`user`&&e(we)}),s((e,t,n,i,a)=>{r(me,e),r(he,t),r(ge,n),r(ve,i),r(xe,a)},[()=>y(I.title),()=>y(I.display),()=>y(I.theme),()=>y(I.language),()=>y(I.displayWords)]),t(e,G),x()}e([`change`]);export{z as default};