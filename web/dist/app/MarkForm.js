import{B as e,E as t,G as n,H as r,I as i,M as a,P as o,R as s,V as c,Y as l,at as u,c as d,dt as f,et as p,f as m,ft as h,gt as g,it as _,k as v,lt as y,nt as b,ot as x,p as S,r as C,rt as w,tt as T,u as E,ut as D,vt as O}from"./index-client.js";import"./disclose-version.js";import{E as k,O as A,S as j,_ as M,w as N,x as P}from"./app.js";import{i as F}from"./format.js";var I=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-download"
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
  <path d="M12 15V3" />
  <path d="M21 15v4a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2v-4" />
  <path d="m7 10 5 5 5-5" />
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
`,z={kind:[`Kind`,`Art`],kindHint:[`Letters, digits, dots, dashes`,`Buchstaben, Ziffern, Punkte, Striche`],note:[`Note`,`Notiz`],keep:[`Protect from deletion`,`Vor dem Löschen schützen`],endHere:[`It ended here`,`Endete hier`],endNow:[`It ends now`,`Endet jetzt`],by:e=>[`by ${e}`,`von ${e}`],deleteMark:[`Delete this mark?`,`Diese Markierung löschen?`],deleteMarkWords:(e,t)=>[`The mark “${e}” of ${t}. What it protects may then be deleted with age.`,`Die Markierung „${e}“ von ${t}. Was sie schützt, kann danach mit dem Alter gelöscht werden.`]},B=i(`<button type="button" class="button"> </button>`),V=i(`<button type="button" class="button danger"> </button> <!> <button type="submit" class="button primary"> </button>`,1),H=i(`<option></option>`),U=i(`<dt> </dt><dd> </dd>`,1),W=i(`<dl class="facts small"></dl>`),G=i(`<form class="stack"><label class="field"><span> </span> <input required="" maxlength="64" pattern="[A-Za-z0-9._\\-]+"/> <datalist></datalist></label> <label class="field"><span> </span><textarea rows="3" maxlength="4096"></textarea></label> <label class="check"><input type="checkbox"/> </label> <!> <p class="quiet small"> </p></form>`);function K(e,i){let I=s();h(i,!0);let L=C(i,`atMs`,3,null),R={...i.mark},K=x(_(R.kind)),q=x(_(R.note??``)),J=x(_(R.keep)),Y=y(()=>({id:i.mark.camera,number:i.mark.id}));async function X(e){await P(()=>M(`patch`,`/api/v1/cameras/{id}/events/{number}`,{path:n(Y),body:e}),A(k.saved))&&i.onclose()}async function Z(){i.onclose(),await j({title:A(z.deleteMark),words:A(z.deleteMarkWords(i.mark.kind,F(i.mark.start))),deed:A(k.delete)})&&await P(()=>M(`delete`,`/api/v1/cameras/{id}/events/{number}`,{path:n(Y)}))}{let s=e=>{var t=V(),n=T(t),r=b(n,!0),s=w(n,2),u=e=>{var t=B(),n=b(t,!0);l(e=>a(n,e),[()=>A(L()===null?z.endNow:z.endHere)]),c(`click`,t,()=>void X({end:L()===null?`now`:new Date(L()).toISOString()})),o(e,t)};v(s,e=>{i.mark.end||e(u)});var d=w(s,2),f=b(d,!0);l((e,t)=>{a(r,e),S(d,`form`,I),a(f,t)},[()=>A(k.delete),()=>A(k.save)]),c(`click`,n,Z),o(e,t)},f=y(()=>F(i.mark.start));N(e,{get title(){return n(f)},get onclose(){return i.onclose},actions:s,children:(e,s)=>{var c=G(),f=p(c),h=p(f),_=b(h,!0),x=w(h,2);m(x);var C=w(x,2);t(C,20,()=>i.kinds,e=>e,(e,t)=>{var n=H(),r={};l(()=>{r!==(r=t)&&(n.value=(n.__value=r)??``)}),o(e,n)}),g(C),g(f);var k=w(f,2),j=p(k),M=b(j,!0),N=w(j);D(N),g(k);var P=w(k,2),F=p(P);m(F);var L=w(F,1,!0);g(P);var R=w(P,2),B=e=>{var r=W();t(r,21,()=>Object.entries(i.mark.data),([e,t])=>e,(e,t)=>{var r=y(()=>O(n(t),2));let i=()=>n(r)[0],s=()=>n(r)[1];var c=U(),u=T(c),d=b(u,!0),f=w(u),p=b(f,!0);l(e=>{a(d,i()),a(p,e)},[()=>typeof s()==`string`?s():JSON.stringify(s())]),o(e,c)}),g(r),o(e,r)};v(R,e=>{i.mark.data&&e(B)});var V=w(R,2),Y=b(V,!0);g(c),l((e,t,n,r,i)=>{S(c,`id`,I),a(_,e),S(x,`list`,`${I}-kinds`),S(x,`title`,t),S(C,`id`,`${I}-kinds`),a(M,n),a(L,r),a(Y,i)},[()=>A(z.kind),()=>A(z.kindHint),()=>A(z.note),()=>A(z.keep),()=>A(z.by(i.mark.by.replace(/^user:/,``)))]),r(`submit`,c,e=>(e.preventDefault(),void X({kind:n(K),note:n(q),keep:n(J)}))),E(x,()=>n(K),e=>u(K,e)),E(N,()=>n(q),e=>u(q,e)),d(F,()=>n(J),e=>u(J,e)),o(e,c)},$$slots:{actions:!0,default:!0}})}f()}e([`click`]);export{I as i,R as n,L as r,K as t};