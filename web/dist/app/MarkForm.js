import{F as e,G as t,J as n,L as r,M as i,Q as a,U as o,V as s,W as c,a as l,at as u,ct as d,f,ft as p,h as m,ht as h,it as g,k as _,lt as v,m as y,mt as b,n as x,ot as S,pt as C,rt as w,st as T,u as E,xt as D,yt as O,z as k}from"./text.svelte.js";import"./disclose-version.js";import{F as A,O as j,_ as M,b as N,h as P,v as F}from"./app.js";var I=`<!-- @license lucide-static v1.62.0 - ISC -->
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
`,R=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-shield-check"
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
  <path d="M20 13c0 5-3.5 7.5-7.66 8.95a1 1 0 0 1-.67-.01C7.5 20.5 4 18 4 13V6a1 1 0 0 1 1-1c2 0 4.5-1.2 6.24-2.72a1.17 1.17 0 0 1 1.52 0C14.51 3.81 17 5 19 5a1 1 0 0 1 1 1z" />
  <path d="m9 12 2 2 4-4" />
</svg>
`,z={kind:[`Kind`,`Art`],kindHint:[`Letters, digits, dots, dashes`,`Buchstaben, Ziffern, Punkte, Striche`],note:[`Note`,`Notiz`],keep:[`Protect from deletion`,`Vor dem Löschen schützen`],endHere:[`It ended here`,`Endete hier`],endNow:[`It ends now`,`Endet jetzt`],by:e=>[`by ${e}`,`von ${e}`],deleteMark:[`Delete this mark?`,`Diese Markierung löschen?`],deleteMarkWords:(e,t)=>[`The mark “${e}” of ${t}. What it protects may then be deleted with age.`,`Die Markierung „${e}“ von ${t}. Was sie schützt, kann danach mit dem Alter gelöscht werden.`]},B=k(`<button type="button" class="button"> </button>`),V=k(`<button type="button" class="button danger"> </button> <!> <button type="submit" class="button primary"> </button>`,1),H=k(`<option></option>`),U=k(`<dt> </dt><dd> </dd>`,1),W=k(`<dl class="facts small"></dl>`),G=k(`<form class="stack"><label class="field"><span> </span> <input required="" maxlength="64" pattern="[A-Za-z0-9._\\-]+"/> <datalist></datalist></label> <label class="field"><span> </span><textarea rows="3" maxlength="4096"></textarea></label> <label class="check"><input type="checkbox"/> </label> <!> <p class="quiet small"> </p></form>`);function K(o,k){let I=s();h(k,!0);let L=l(k,`atMs`,3,null),R={...k.mark},K=v(T(R.kind)),q=v(T(R.note??``)),J=v(T(R.keep)),Y={id:R.camera,number:R.id};async function X(e){await M(()=>A(`patch`,`/api/v1/cameras/{id}/events/{number}`,{path:Y,body:e}),x(N.saved))&&k.onclose()}async function Z(){k.onclose(),await F({title:x(z.deleteMark),words:x(z.deleteMarkWords(R.kind,j(R.start))),deed:x(N.delete)})&&await M(()=>A(`delete`,`/api/v1/cameras/{id}/events/{number}`,{path:Y}))}{let s=t=>{var n=V(),o=g(n),s=u(o,!0),l=S(o,2),d=t=>{var n=B(),i=u(n,!0);a(t=>e(i,t),[()=>x(L()===null?z.endNow:z.endHere)]),c(`click`,n,()=>void X({end:L()===null?`now`:new Date(L()).toISOString()})),r(t,n)};i(l,e=>{k.mark.end||e(d)});var f=S(l,2),p=u(f,!0);a((t,n)=>{e(s,t),m(f,`form`,I),e(p,n)},[()=>x(N.delete),()=>x(N.save)]),c(`click`,o,Z),r(t,n)},l=p(()=>j(k.mark.start));P(o,{get title(){return n(l)},get onclose(){return k.onclose},actions:s,children:(o,s)=>{var c=G(),l=w(c),h=w(l),v=u(h,!0),b=S(h,2);y(b);var T=S(b,2);_(T,20,()=>k.kinds,e=>e,(e,t)=>{var n=H(),i={};a(()=>{i!==(i=t)&&(n.value=(n.__value=i)??``)}),r(e,n)}),O(T),O(l);var A=S(l,2),j=w(A),M=u(j,!0),N=S(j);C(N),O(A);var P=S(A,2),F=w(P);y(F);var L=S(F,1,!0);O(P);var R=S(P,2),B=t=>{var i=W();_(i,21,()=>Object.entries(k.mark.data),([e,t])=>e,(t,i)=>{var o=p(()=>D(n(i),2));let s=()=>n(o)[0],c=()=>n(o)[1];var l=U(),d=g(l),f=u(d,!0),m=S(d),h=u(m,!0);a(t=>{e(f,s()),e(h,t)},[()=>typeof c()==`string`?c():JSON.stringify(c())]),r(t,l)}),O(i),r(t,i)};i(R,e=>{k.mark.data&&e(B)});var V=S(R,2),Y=u(V,!0);O(c),a((t,n,r,i,a)=>{m(c,`id`,I),e(v,t),m(b,`list`,`${I}-kinds`),m(b,`title`,n),m(T,`id`,`${I}-kinds`),e(M,r),e(L,i),e(Y,a)},[()=>x(z.kind),()=>x(z.kindHint),()=>x(z.note),()=>x(z.keep),()=>x(z.by(k.mark.by.replace(/^user:/,``)))]),t(`submit`,c,e=>(e.preventDefault(),void X({kind:n(K),note:n(q),keep:n(J)}))),f(b,()=>n(K),e=>d(K,e)),f(N,()=>n(q),e=>d(q,e)),E(F,()=>n(J),e=>d(J,e)),r(o,c)},$$slots:{actions:!0,default:!0}})}b()}o([`click`]);export{I as i,R as n,L as r,K as t};