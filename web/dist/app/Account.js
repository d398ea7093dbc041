import{c as e,n as t,r as n}from"./live.svelte.js";import{F as r,G as i,J as a,L as o,M as s,Q as c,U as l,W as u,_ as d,at as f,ct as p,ft as m,g as h,h as g,ht as _,it as v,k as y,lt as b,m as x,mt as S,n as C,ot as w,rt as T,xt as E,yt as D,z as O}from"./text.svelte.js";import{t as k}from"./monitor.js";import{g as A,i as j,r as M,x as N,y as ee}from"./app.js";import{t as te}from"./settings-people.js";import{t as ne}from"./faults.js";import{t as re}from"./Rights.js";import{t as P}from"./Secret.js";var ie=`<!-- @license lucide-static v1.62.0 - ISC -->
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
`,I={title:[`Account and display`,`Konto und Anzeige`],who:[`You`,`Sie`],loggedInAs:[`Logged in as`,`Angemeldet als`],open:[`No login is needed here: whoever comes may do everything.`,`Hier ist keine Anmeldung nötig: Wer kommt, darf alles.`],rights:[`You may`,`Sie dürfen`],untilWhen:[`This login ends`,`Diese Anmeldung endet`],display:[`Display`,`Anzeige`],displayWords:[`Kept for you on the server, for all your devices.`,`Wird für Sie auf dem Server behalten, für alle Ihre Geräte.`],theme:[`Colours`,`Farben`],themeAuto:[`As the device`,`Wie das Gerät`],themeLight:[`Light`,`Hell`],themeDark:[`Dark`,`Dunkel`],language:[`Language`,`Sprache`],languageAuto:[`As the browser`,`Wie der Browser`],password:[`Password`,`Passwort`],passwordWords:[`All your other logins, streams and links end with it.`,`Alle Ihre anderen Anmeldungen, Streams und Links enden damit.`],old:[`Present password`,`Jetziges Passwort`],fresh:[`New password`,`Neues Passwort`],freshHelp:[`12 characters or more`,`12 Zeichen oder mehr`],changePassword:[`Change the password`,`Passwort ändern`],changed:[`Your password was changed.`,`Ihr Passwort wurde geändert.`]},L=O(`<label class="svelte-10aldru"><input class="unseen svelte-10aldru" type="radio" name="theme"/><span class="choice svelte-10aldru"><!> </span></label>`),R=O(`<label class="svelte-10aldru"><input class="unseen svelte-10aldru" type="radio" name="language"/><span class="choice svelte-10aldru"> </span></label>`),ae=O(`<p> </p>`),oe=O(`<span class="chip"> </span>`),se=O(`<dt> </dt><dd> </dd>`,1),ce=O(`<dl class="facts"><dt> </dt><dd class="row"><strong> </strong><!></dd> <dt> </dt><dd><!></dd> <!></dl>`),le=O(`<section class="card stack"><h3> </h3> <!></section>`),ue=O(`<p class="bad" role="alert"> </p>`),de=O(`<form class="card stack"><div><h3> </h3> <p class="quiet small"> </p></div> <span class="unseen"><input type="text" name="username" autocomplete="username" tabindex="-1" readonly=""/></span> <div class="pair svelte-10aldru"><!> <!></div> <!> <div><button type="submit" class="button primary"> </button></div></form>`),fe=O(`<h2> </h2> <section class="card stack"><h3> </h3> <fieldset class="choices svelte-10aldru"><legend class="svelte-10aldru"> </legend> <!></fieldset> <fieldset class="choices svelte-10aldru"><legend class="svelte-10aldru"> </legend> <!></fieldset> <p class="quiet small"> </p></section> <!> <!>`,1);function z(l,O){_(O,!0);let z=[{id:void 0,icon:k,text:I.themeAuto},{id:`light`,icon:F,text:I.themeLight},{id:`dark`,icon:ie,text:I.themeDark}],B=[{id:void 0,text:I.languageAuto,tag:void 0},{id:`en`,text:[`English`,`English`],tag:`en`},{id:`de`,text:[`Deutsch`,`Deutsch`],tag:`de`}],V=b(``),H=b(``),U=b({}),W=b(!1);async function pe(t){if(t.preventDefault(),[...a(H)].length<12)p(U,{password:C(I.freshHelp)});else{p(W,!0),p(U,{});try{n(await e(`post`,`/api/v1/me/password`,{body:{old:a(V),password:a(H)}})),(e=>{var t=E(e,2);p(V,t[0],!0),p(H,t[1],!0)})([``,``]),ee(`good`,C(I.changed))}catch(e){p(U,ne(e,[`old`,`password`]))}finally{p(W,!1)}}}var G=fe(),K=v(G),me=f(K,!0),q=w(K,2),J=T(q),he=f(J,!0),Y=w(J,2),X=T(Y),ge=f(X,!0),_e=w(X,2);y(_e,17,()=>z,e=>e.id,(e,t)=>{var n=L(),i=T(n);x(i);var s=w(i),l=T(s);A(l,{get svg(){return a(t).icon}});var d=w(l,1,!0);D(s),D(n),c(e=>{h(i,j.now.theme===a(t).id),r(d,e)},[()=>C(a(t).text)]),u(`change`,i,()=>M({theme:a(t).id})),o(e,n)}),D(Y);var Z=w(Y,2),Q=T(Z),ve=f(Q,!0),ye=w(Q,2);y(ye,17,()=>B,e=>e.id,(e,t)=>{var n=R(),i=T(n);x(i);var s=w(i),l=f(s,!0);D(n),c(e=>{g(n,`lang`,a(t).tag),h(i,j.now.language===a(t).id),r(l,e)},[()=>C(a(t).text)]),u(`change`,i,()=>M({language:a(t).id})),o(e,n)}),D(Z);var be=w(Z,2),xe=f(be,!0);D(q);var $=w(q,2),Se=e=>{var n=le(),i=T(n),a=f(i,!0),l=w(i,2),u=e=>{var t=ae(),n=f(t,!0);c(e=>r(n,e),[()=>C(I.open)]),o(e,t)},d=e=>{var n=ce(),i=T(n),a=f(i,!0),l=w(i),u=T(l),d=f(u,!0),p=w(u),m=e=>{var t=oe(),n=f(t,!0);c(e=>r(n,e),[()=>C(te.admin)]),o(e,t)};s(p,e=>{t.me.admin&&e(m)}),D(l);var h=w(l,2),g=f(h,!0),_=w(h),y=T(_);re(y,{get grants(){return t.me.grants}}),D(_);var b=w(_,2),x=e=>{var n=se(),i=v(n),a=f(i,!0),s=w(i),l=f(s,!0);c((e,t)=>{r(a,e),r(l,t)},[()=>C(I.untilWhen),()=>N(t.me.expires,t.nowMs())]),o(e,n)};s(b,e=>{t.me.expires&&e(x)}),D(n),c((e,n)=>{r(a,e),r(d,t.me.name),r(g,n)},[()=>C(I.loggedInAs),()=>C(I.rights)]),o(e,n)};s(l,e=>{t.me.kind===`anyone`?e(u):e(d,-1)}),D(n),c(e=>r(a,e),[()=>C(I.who)]),o(e,n)};s($,e=>{t.me&&e(Se)});var Ce=w($,2),we=e=>{var n=de(),l=T(n),u=T(l),h=f(u,!0),_=w(u,2),v=f(_,!0);D(l);var y=w(l,2),b=T(y);x(b),D(y);var S=w(y,2),E=T(S);{let e=m(()=>C(I.old));P(E,{get label(){return a(e)},get fault(){return a(U).old},name:`old`,autocomplete:`current-password`,required:!0,get value(){return a(V)},set value(e){p(V,e,!0)}})}var O=w(E,2);{let e=m(()=>C(I.fresh)),t=m(()=>C(I.freshHelp));P(O,{get label(){return a(e)},get help(){return a(t)},get fault(){return a(U).password},name:`new`,autocomplete:`new-password`,required:!0,get value(){return a(H)},set value(e){p(H,e,!0)}})}D(S);var k=w(S,2),A=e=>{var t=ue(),n=f(t,!0);c(()=>r(n,a(U)[``])),o(e,t)};s(k,e=>{a(U)[``]&&e(A)});var j=w(k,2),M=T(j),N=f(M,!0);D(j),D(n),c((e,n,i,o)=>{r(h,e),r(v,n),d(b,t.me.name),g(b,`aria-label`,i),M.disabled=a(W),r(N,o)},[()=>C(I.password),()=>C(I.passwordWords),()=>C(I.loggedInAs),()=>C(I.changePassword)]),i(`submit`,n,pe),o(e,n)};s(Ce,e=>{t.me?.kind===`user`&&e(we)}),c((e,t,n,i,a)=>{r(me,e),r(he,t),r(ge,n),r(ve,i),r(xe,a)},[()=>C(I.title),()=>C(I.display),()=>C(I.theme),()=>C(I.language),()=>C(I.displayWords)]),o(l,G),S()}l([`change`]);export{z as default};