import{F as e,G as t,J as n,L as r,M as i,Q as a,U as o,V as s,W as c,a as l,at as u,ct as d,f,ft as p,h as m,ht as h,it as g,k as _,lt as v,m as y,mt as b,n as x,ot as S,pt as C,rt as w,st as T,u as E,xt as D,yt as O,z as k}from"./text.svelte.js";import{c as A}from"./live.svelte.js";import{_ as j,b as M,h as N,v as P,w as F}from"./app.js";var I=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-sliders-horizontal"
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
  <path d="M10 5H3" />
  <path d="M12 19H3" />
  <path d="M14 3v4" />
  <path d="M16 17v4" />
  <path d="M21 12h-9" />
  <path d="M21 19h-5" />
  <path d="M21 5h-7" />
  <path d="M8 10v4" />
  <path d="M8 12H3" />
</svg>
`,L=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-clapperboard"
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
  <path d="m12.296 3.464 3.02 3.956" />
  <path d="M20.2 6 3 11l-.9-2.4c-.3-1.1.3-2.2 1.3-2.5l13.5-4c1.1-.3 2.2.3 2.5 1.3z" />
  <path d="M3 11h18v8a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2z" />
  <path d="m6.18 5.276 3.1 3.899" />
</svg>
`,R={kind:[`Kind`,`Art`],kindHint:[`Letters, digits, dots, dashes`,`Buchstaben, Ziffern, Punkte, Striche`],note:[`Note`,`Notiz`],keep:[`Protect from deletion`,`Vor dem Löschen schützen`],endHere:[`It ended here`,`Endete hier`],endNow:[`It ends now`,`Endet jetzt`],by:e=>[`by ${e}`,`von ${e}`],deleteMark:[`Delete this mark?`,`Diese Markierung löschen?`],deleteMarkWords:(e,t)=>[`The mark “${e}” of ${t}. What it protects may then be deleted with age.`,`Die Markierung „${e}“ von ${t}. Was sie schützt, kann danach mit dem Alter gelöscht werden.`]},z=k(`<button type="button" class="button"> </button>`),B=k(`<button type="button" class="button danger"> </button> <!> <button type="submit" class="button primary"> </button>`,1),V=k(`<option></option>`),H=k(`<dt> </dt><dd> </dd>`,1),U=k(`<dl class="facts small"></dl>`),W=k(`<form class="stack"><label class="field"><span> </span> <input required="" maxlength="64" pattern="[A-Za-z0-9._\\-]+"/> <datalist></datalist></label> <label class="field"><span> </span><textarea rows="3" maxlength="4096"></textarea></label> <label class="check"><input type="checkbox"/> </label> <!> <p class="quiet small"> </p></form>`);function G(o,k){let I=s();h(k,!0);let L=l(k,`atMs`,3,null),G={...k.mark},K=v(T(G.kind)),q=v(T(G.note??``)),J=v(T(G.keep)),Y={id:G.camera,number:G.id};async function X(e){await j(()=>A(`patch`,`/api/v1/cameras/{id}/events/{number}`,{path:Y,body:e}),x(M.saved))&&k.onclose()}async function Z(){k.onclose(),await P({title:x(R.deleteMark),words:x(R.deleteMarkWords(G.kind,F(G.start))),deed:x(M.delete)})&&await j(()=>A(`delete`,`/api/v1/cameras/{id}/events/{number}`,{path:Y}))}{let s=t=>{var n=B(),o=g(n),s=u(o,!0),l=S(o,2),d=t=>{var n=z(),i=u(n,!0);a(t=>e(i,t),[()=>x(L()===null?R.endNow:R.endHere)]),c(`click`,n,()=>void X({end:L()===null?`now`:new Date(L()).toISOString()})),r(t,n)};i(l,e=>{k.mark.end||e(d)});var f=S(l,2),p=u(f,!0);a((t,n)=>{e(s,t),m(f,`form`,I),e(p,n)},[()=>x(M.delete),()=>x(M.save)]),c(`click`,o,Z),r(t,n)},l=p(()=>F(k.mark.start));N(o,{get title(){return n(l)},get onclose(){return k.onclose},actions:s,children:(o,s)=>{var c=W(),l=w(c),h=w(l),v=u(h,!0),b=S(h,2);y(b);var T=S(b,2);_(T,20,()=>k.kinds,e=>e,(e,t)=>{var n=V(),i={};a(()=>{i!==(i=t)&&(n.value=(n.__value=i)??``)}),r(e,n)}),O(T),O(l);var A=S(l,2),j=w(A),M=u(j,!0),N=S(j);C(N),O(A);var P=S(A,2),F=w(P);y(F);var L=S(F,1,!0);O(P);var z=S(P,2),B=t=>{var i=U();_(i,21,()=>Object.entries(k.mark.data),([e,t])=>e,(t,i)=>{var o=p(()=>D(n(i),2));let s=()=>n(o)[0],c=()=>n(o)[1];var l=H(),d=g(l),f=u(d,!0),m=S(d),h=u(m,!0);a(t=>{e(f,s()),e(h,t)},[()=>typeof c()==`string`?c():JSON.stringify(c())]),r(t,l)}),O(i),r(t,i)};i(z,e=>{k.mark.data&&e(B)});var G=S(z,2),Y=u(G,!0);O(c),a((t,n,r,i,a)=>{m(c,`id`,I),e(v,t),m(b,`list`,`${I}-kinds`),m(b,`title`,n),m(T,`id`,`${I}-kinds`),e(M,r),e(L,i),e(Y,a)},[()=>x(R.kind),()=>x(R.kindHint),()=>x(R.note),()=>x(R.keep),()=>x(R.by(k.mark.by.replace(/^user:/,``)))]),t(`submit`,c,e=>(e.preventDefault(),void X({kind:n(K),note:n(q),keep:n(J)}))),f(b,()=>n(K),e=>d(K,e)),f(N,()=>n(q),e=>d(q,e)),E(F,()=>n(J),e=>d(J,e)),r(o,c)},$$slots:{actions:!0,default:!0}})}b()}o([`click`]);export{L as n,I as r,G as t};