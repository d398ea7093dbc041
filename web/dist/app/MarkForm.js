import{B as e,E as t,G as n,H as r,I as i,M as a,P as o,R as s,V as c,Y as l,at as u,c as d,dt as f,et as p,f as m,ft as h,gt as g,it as _,k as v,lt as y,nt as b,ot as x,p as S,r as C,rt as w,tt as T,u as E,ut as D,vt as O}from"./index-client.js";import"./disclose-version.js";import{E as k,S as A,b as j,h as M,w as N,y as P}from"./app.js";import{i as F}from"./format.js";var I=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-pencil"
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
  <path d="M21.174 6.812a1 1 0 0 0-3.986-3.987L3.842 16.174a2 2 0 0 0-.5.83l-1.321 4.352a.5.5 0 0 0 .623.622l4.353-1.32a2 2 0 0 0 .83-.497z" />
  <path d="m15 5 4 4" />
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
`,R={kind:[`Kind`,`Art`],kindHint:[`Letters, digits, dots, dashes`,`Buchstaben, Ziffern, Punkte, Striche`],note:[`Note`,`Notiz`],keep:[`Protect from deletion`,`Vor dem Löschen schützen`],endHere:[`It ended here`,`Endete hier`],endNow:[`It ends now`,`Endet jetzt`],by:e=>[`by ${e}`,`von ${e}`],deleteMark:[`Delete this mark?`,`Diese Markierung löschen?`],deleteMarkWords:(e,t)=>[`The mark “${e}” of ${t}. What it protects may then be deleted with age.`,`Die Markierung „${e}“ von ${t}. Was sie schützt, kann danach mit dem Alter gelöscht werden.`]},z=i(`<button type="button" class="button"> </button>`),B=i(`<button type="button" class="button danger"> </button> <!> <button type="submit" class="button primary"> </button>`,1),V=i(`<option></option>`),H=i(`<dt> </dt><dd> </dd>`,1),U=i(`<dl class="facts small"></dl>`),W=i(`<form class="stack"><label class="field"><span> </span> <input required="" maxlength="64" pattern="[A-Za-z0-9._\\-]+"/> <datalist></datalist></label> <label class="field"><span> </span><textarea rows="3" maxlength="4096"></textarea></label> <label class="check"><input type="checkbox"/> </label> <!> <p class="quiet small"> </p></form>`);function G(e,i){let I=s();h(i,!0);let L=C(i,`atMs`,3,null),G={...i.mark},K=x(_(G.kind)),q=x(_(G.note??``)),J=x(_(G.keep)),Y=y(()=>({id:i.mark.camera,number:i.mark.id}));async function X(e){await P(()=>M(`patch`,`/api/v1/cameras/{id}/events/{number}`,{path:n(Y),body:e}),k(N.saved))&&i.onclose()}async function Z(){i.onclose(),await j({title:k(R.deleteMark),words:k(R.deleteMarkWords(i.mark.kind,F(i.mark.start))),deed:k(N.delete)})&&await P(()=>M(`delete`,`/api/v1/cameras/{id}/events/{number}`,{path:n(Y)}))}{let s=e=>{var t=B(),n=T(t),r=b(n,!0),s=w(n,2),u=e=>{var t=z(),n=b(t,!0);l(e=>a(n,e),[()=>k(L()===null?R.endNow:R.endHere)]),c(`click`,t,()=>void X({end:L()===null?`now`:new Date(L()).toISOString()})),o(e,t)};v(s,e=>{i.mark.end||e(u)});var d=w(s,2),f=b(d,!0);l((e,t)=>{a(r,e),S(d,`form`,I),a(f,t)},[()=>k(N.delete),()=>k(N.save)]),c(`click`,n,Z),o(e,t)},f=y(()=>F(i.mark.start));A(e,{get title(){return n(f)},get onclose(){return i.onclose},actions:s,children:(e,s)=>{var c=W(),f=p(c),h=p(f),_=b(h,!0),x=w(h,2);m(x);var C=w(x,2);t(C,20,()=>i.kinds,e=>e,(e,t)=>{var n=V(),r={};l(()=>{r!==(r=t)&&(n.value=(n.__value=r)??``)}),o(e,n)}),g(C),g(f);var A=w(f,2),j=p(A),M=b(j,!0),N=w(j);D(N),g(A);var P=w(A,2),F=p(P);m(F);var L=w(F,1,!0);g(P);var z=w(P,2),B=e=>{var r=U();t(r,21,()=>Object.entries(i.mark.data),([e,t])=>e,(e,t)=>{var r=y(()=>O(n(t),2));let i=()=>n(r)[0],s=()=>n(r)[1];var c=H(),u=T(c),d=b(u,!0),f=w(u),p=b(f,!0);l(e=>{a(d,i()),a(p,e)},[()=>typeof s()==`string`?s():JSON.stringify(s())]),o(e,c)}),g(r),o(e,r)};v(z,e=>{i.mark.data&&e(B)});var G=w(z,2),Y=b(G,!0);g(c),l((e,t,n,r,i)=>{S(c,`id`,I),a(_,e),S(x,`list`,`${I}-kinds`),S(x,`title`,t),S(C,`id`,`${I}-kinds`),a(M,n),a(L,r),a(Y,i)},[()=>k(R.kind),()=>k(R.kindHint),()=>k(R.note),()=>k(R.keep),()=>k(R.by(i.mark.by))]),r(`submit`,c,e=>(e.preventDefault(),void X({kind:n(K),note:n(q),keep:n(J)}))),E(x,()=>n(K),e=>u(K,e)),E(N,()=>n(q),e=>u(q,e)),d(F,()=>n(J),e=>u(J,e)),o(e,c)},$$slots:{actions:!0,default:!0}})}f()}e([`click`]);export{L as n,I as r,G as t};