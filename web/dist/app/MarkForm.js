import{B as e,H as t,I as n,O as r,P as i,R as a,U as o,W as s,Z as c,a as l,at as u,bt as d,ct as f,dt as p,f as m,ft as h,h as g,it as _,j as v,m as y,mt as b,n as x,nt as S,ot as C,pt as w,q as T,rt as E,st as D,u as O,vt as k}from"./text.svelte.js";import"./disclose-version.js";import{E as A,S as j,_ as M,w as N,x as P}from"./app.js";import{i as F}from"./format.js";var I=`<!-- @license lucide-static v1.62.0 - ISC -->
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
`,L=`<!-- @license lucide-static v1.62.0 - ISC -->
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
`,R={kind:[`Kind`,`Art`],kindHint:[`Letters, digits, dots, dashes`,`Buchstaben, Ziffern, Punkte, Striche`],note:[`Note`,`Notiz`],keep:[`Protect from deletion`,`Vor dem Löschen schützen`],endHere:[`It ended here`,`Endete hier`],endNow:[`It ends now`,`Endet jetzt`],by:e=>[`by ${e}`,`von ${e}`],deleteMark:[`Delete this mark?`,`Diese Markierung löschen?`],deleteMarkWords:(e,t)=>[`The mark “${e}” of ${t}. What it protects may then be deleted with age.`,`Die Markierung „${e}“ von ${t}. Was sie schützt, kann danach mit dem Alter gelöscht werden.`]},z=a(`<button type="button" class="button"> </button>`),B=a(`<button type="button" class="button danger"> </button> <!> <button type="submit" class="button primary"> </button>`,1),V=a(`<option></option>`),H=a(`<dt> </dt><dd> </dd>`,1),U=a(`<dl class="facts small"></dl>`),W=a(`<form class="stack"><label class="field"><span> </span> <input required="" maxlength="64" pattern="[A-Za-z0-9._\\-]+"/> <datalist></datalist></label> <label class="field"><span> </span><textarea rows="3" maxlength="4096"></textarea></label> <label class="check"><input type="checkbox"/> </label> <!> <p class="quiet small"> </p></form>`);function G(t,a){let I=e();b(a,!0);let L=l(a,`atMs`,3,null),G={...a.mark},K=f(C(G.kind)),q=f(C(G.note??``)),J=f(C(G.keep)),Y=p(()=>({id:a.mark.camera,number:a.mark.id}));async function X(e){await P(()=>M(`patch`,`/api/v1/cameras/{id}/events/{number}`,{path:T(Y),body:e}),x(A.saved))&&a.onclose()}async function Z(){a.onclose(),await j({title:x(R.deleteMark),words:x(R.deleteMarkWords(a.mark.kind,F(a.mark.start))),deed:x(A.delete)})&&await P(()=>M(`delete`,`/api/v1/cameras/{id}/events/{number}`,{path:T(Y)}))}{let e=e=>{var t=B(),r=E(t),s=_(r,!0),l=u(r,2),d=e=>{var t=z(),r=_(t,!0);c(e=>i(r,e),[()=>x(L()===null?R.endNow:R.endHere)]),o(`click`,t,()=>void X({end:L()===null?`now`:new Date(L()).toISOString()})),n(e,t)};v(l,e=>{a.mark.end||e(d)});var f=u(l,2),p=_(f,!0);c((e,t)=>{i(s,e),g(f,`form`,I),i(p,t)},[()=>x(A.delete),()=>x(A.save)]),o(`click`,r,Z),n(e,t)},l=p(()=>F(a.mark.start));N(t,{get title(){return T(l)},get onclose(){return a.onclose},actions:e,children:(e,t)=>{var o=W(),l=S(o),f=S(l),b=_(f,!0),C=u(f,2);y(C);var w=u(C,2);r(w,20,()=>a.kinds,e=>e,(e,t)=>{var r=V(),i={};c(()=>{i!==(i=t)&&(r.value=(r.__value=i)??``)}),n(e,r)}),k(w),k(l);var A=u(l,2),j=S(A),M=_(j,!0),N=u(j);h(N),k(A);var P=u(A,2),F=S(P);y(F);var L=u(F,1,!0);k(P);var z=u(P,2),B=e=>{var t=U();r(t,21,()=>Object.entries(a.mark.data),([e,t])=>e,(e,t)=>{var r=p(()=>d(T(t),2));let a=()=>T(r)[0],o=()=>T(r)[1];var s=H(),l=E(s),f=_(l,!0),m=u(l),h=_(m,!0);c(e=>{i(f,a()),i(h,e)},[()=>typeof o()==`string`?o():JSON.stringify(o())]),n(e,s)}),k(t),n(e,t)};v(z,e=>{a.mark.data&&e(B)});var G=u(z,2),Y=_(G,!0);k(o),c((e,t,n,r,a)=>{g(o,`id`,I),i(b,e),g(C,`list`,`${I}-kinds`),g(C,`title`,t),g(w,`id`,`${I}-kinds`),i(M,n),i(L,r),i(Y,a)},[()=>x(R.kind),()=>x(R.kindHint),()=>x(R.note),()=>x(R.keep),()=>x(R.by(a.mark.by.replace(/^user:/,``)))]),s(`submit`,o,e=>(e.preventDefault(),void X({kind:T(K),note:T(q),keep:T(J)}))),m(C,()=>T(K),e=>D(K,e)),m(N,()=>T(q),e=>D(q,e)),O(F,()=>T(J),e=>D(J,e)),n(e,o)},$$slots:{actions:!0,default:!0}})}w()}t([`click`]);export{L as n,I as r,G as t};