import"./disclose-version.js";import{F as e,G as t,J as n,L as r,M as i,Q as a,U as o,W as s,_ as c,at as l,ct as u,ft as d,g as f,h as p,ht as m,it as h,k as g,lt as _,m as v,mt as y,n as b,ot as x,rt as S,xt as C,yt as w,z as T}from"./text.svelte.js";import{t as E}from"./monitor.js";import{F as D,S as O,T as k,g as A,i as j,r as M,x as N,y as ee}from"./app.js";import{t as te}from"./settings-people.js";import{t as ne}from"./faults.js";import{t as re}from"./Rights.js";import{t as P}from"./Secret.js";var ie=`<!-- @license lucide-static v1.62.0 - ISC -->
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
`,I={title:[`Account and display`,`Konto und Anzeige`],who:[`You`,`Sie`],loggedInAs:[`Logged in as`,`Angemeldet als`],open:[`No login is needed here: whoever comes may do everything.`,`Hier ist keine Anmeldung nötig: Wer kommt, darf alles.`],rights:[`You may`,`Sie dürfen`],untilWhen:[`This login ends`,`Diese Anmeldung endet`],display:[`Display`,`Anzeige`],displayWords:[`Kept for you on the server, for all your devices.`,`Wird für Sie auf dem Server behalten, für alle Ihre Geräte.`],theme:[`Colours`,`Farben`],themeAuto:[`As the device`,`Wie das Gerät`],themeLight:[`Light`,`Hell`],themeDark:[`Dark`,`Dunkel`],language:[`Language`,`Sprache`],languageAuto:[`As the browser`,`Wie der Browser`],password:[`Password`,`Passwort`],passwordWords:[`All your other logins, streams and links end with it.`,`Alle Ihre anderen Anmeldungen, Streams und Links enden damit.`],old:[`Present password`,`Jetziges Passwort`],fresh:[`New password`,`Neues Passwort`],freshHelp:[`12 characters or more`,`12 Zeichen oder mehr`],changePassword:[`Change the password`,`Passwort ändern`],changed:[`Your password was changed.`,`Ihr Passwort wurde geändert.`]},L=T(`<label class="svelte-10aldru"><input class="unseen svelte-10aldru" type="radio" name="theme"/><span class="choice svelte-10aldru"><!> </span></label>`),R=T(`<label class="svelte-10aldru"><input class="unseen svelte-10aldru" type="radio" name="language"/><span class="choice svelte-10aldru"> </span></label>`),ae=T(`<p> </p>`),oe=T(`<span class="chip"> </span>`),se=T(`<dt> </dt><dd> </dd>`,1),ce=T(`<dl class="facts"><dt> </dt><dd class="row"><strong> </strong><!></dd> <dt> </dt><dd><!></dd> <!></dl>`),le=T(`<section class="card stack"><h3> </h3> <!></section>`),ue=T(`<p class="bad" role="alert"> </p>`),de=T(`<form class="card stack"><div><h3> </h3> <p class="quiet small"> </p></div> <span class="unseen"><input type="text" name="username" autocomplete="username" tabindex="-1" readonly=""/></span> <div class="pair svelte-10aldru"><!> <!></div> <!> <div><button type="submit" class="button primary"> </button></div></form>`),fe=T(`<h2> </h2> <section class="card stack"><h3> </h3> <fieldset class="choices svelte-10aldru"><legend class="svelte-10aldru"> </legend> <!></fieldset> <fieldset class="choices svelte-10aldru"><legend class="svelte-10aldru"> </legend> <!></fieldset> <p class="quiet small"> </p></section> <!> <!>`,1);function z(o,T){m(T,!0);let z=[{id:void 0,icon:E,text:I.themeAuto},{id:`light`,icon:F,text:I.themeLight},{id:`dark`,icon:ie,text:I.themeDark}],B=[{id:void 0,text:I.languageAuto,tag:void 0},{id:`en`,text:[`English`,`English`],tag:`en`},{id:`de`,text:[`Deutsch`,`Deutsch`],tag:`de`}],V=_(``),H=_(``),U=_({}),W=_(!1);async function pe(e){if(e.preventDefault(),[...n(H)].length<12)u(U,{password:b(I.freshHelp)});else{u(W,!0),u(U,{});try{O(await D(`post`,`/api/v1/me/password`,{body:{old:n(V),password:n(H)}})),(e=>{var t=C(e,2);u(V,t[0],!0),u(H,t[1],!0)})([``,``]),ee(`good`,b(I.changed))}catch(e){u(U,ne(e,[`old`,`password`]))}finally{u(W,!1)}}}var G=fe(),K=h(G),me=l(K,!0),q=x(K,2),J=S(q),he=l(J,!0),Y=x(J,2),X=S(Y),ge=l(X,!0),_e=x(X,2);g(_e,17,()=>z,e=>e.id,(t,i)=>{var o=L(),c=S(o);v(c);var l=x(c),u=S(l);A(u,{get svg(){return n(i).icon}});var d=x(u,1,!0);w(l),w(o),a(t=>{f(c,j.now.theme===n(i).id),e(d,t)},[()=>b(n(i).text)]),s(`change`,c,()=>M({theme:n(i).id})),r(t,o)}),w(Y);var Z=x(Y,2),Q=S(Z),ve=l(Q,!0),ye=x(Q,2);g(ye,17,()=>B,e=>e.id,(t,i)=>{var o=R(),c=S(o);v(c);var u=x(c),d=l(u,!0);w(o),a(t=>{p(o,`lang`,n(i).tag),f(c,j.now.language===n(i).id),e(d,t)},[()=>b(n(i).text)]),s(`change`,c,()=>M({language:n(i).id})),r(t,o)}),w(Z);var be=x(Z,2),xe=l(be,!0);w(q);var $=x(q,2),Se=t=>{var n=le(),o=S(n),s=l(o,!0),c=x(o,2),u=t=>{var n=ae(),i=l(n,!0);a(t=>e(i,t),[()=>b(I.open)]),r(t,n)},d=t=>{var n=ce(),o=S(n),s=l(o,!0),c=x(o),u=S(c),d=l(u,!0),f=x(u),p=t=>{var n=oe(),i=l(n,!0);a(t=>e(i,t),[()=>b(te.admin)]),r(t,n)};i(f,e=>{N.me.admin&&e(p)}),w(c);var m=x(c,2),g=l(m,!0),_=x(m),v=S(_);re(v,{get grants(){return N.me.grants}}),w(_);var y=x(_,2),C=t=>{var n=se(),i=h(n),o=l(i,!0),s=x(i),c=l(s,!0);a((t,n)=>{e(o,t),e(c,n)},[()=>b(I.untilWhen),()=>k(N.me.expires,N.nowMs())]),r(t,n)};i(y,e=>{N.me.expires&&e(C)}),w(n),a((t,n)=>{e(s,t),e(d,N.me.name),e(g,n)},[()=>b(I.loggedInAs),()=>b(I.rights)]),r(t,n)};i(c,e=>{N.me.kind===`anyone`?e(u):e(d,-1)}),w(n),a(t=>e(s,t),[()=>b(I.who)]),r(t,n)};i($,e=>{N.me&&e(Se)});var Ce=x($,2),we=o=>{var s=de(),f=S(s),m=S(f),h=l(m,!0),g=x(m,2),_=l(g,!0);w(f);var y=x(f,2),C=S(y);v(C),w(y);var T=x(y,2),E=S(T);{let e=d(()=>b(I.old));P(E,{get label(){return n(e)},get fault(){return n(U).old},name:`old`,autocomplete:`current-password`,required:!0,get value(){return n(V)},set value(e){u(V,e,!0)}})}var D=x(E,2);{let e=d(()=>b(I.fresh)),t=d(()=>b(I.freshHelp));P(D,{get label(){return n(e)},get help(){return n(t)},get fault(){return n(U).password},name:`new`,autocomplete:`new-password`,required:!0,get value(){return n(H)},set value(e){u(H,e,!0)}})}w(T);var O=x(T,2),k=t=>{var i=ue(),o=l(i,!0);a(()=>e(o,n(U)[``])),r(t,i)};i(O,e=>{n(U)[``]&&e(k)});var A=x(O,2),j=S(A),M=l(j,!0);w(A),w(s),a((t,r,i,a)=>{e(h,t),e(_,r),c(C,N.me.name),p(C,`aria-label`,i),j.disabled=n(W),e(M,a)},[()=>b(I.password),()=>b(I.passwordWords),()=>b(I.loggedInAs),()=>b(I.changePassword)]),t(`submit`,s,pe),r(o,s)};i(Ce,e=>{N.me?.kind===`user`&&e(we)}),a((t,n,r,i,a)=>{e(me,t),e(he,n),e(ge,r),e(ve,i),e(xe,a)},[()=>b(I.title),()=>b(I.display),()=>b(I.theme),()=>b(I.language),()=>b(I.displayWords)]),r(o,G),y()}o([`change`]);export{z as default};