import{$ as e,B as t,D as n,E as r,F as i,G as a,J as o,L as s,M as c,N as l,O as u,P as d,Q as f,R as p,S as m,U as h,V as g,W as _,X as v,_t as y,a as b,at as x,c as S,ct as C,dt as w,ft as T,h as E,ht as D,i as ee,it as O,j as te,k,lt as A,mt as j,n as M,ot as N,rt as P,s as ne,t as F,vt as re,w as ie,yt as I,z as L}from"./text.svelte.js";import{a as ae,c as R,i as oe,l as z,n as B,r as se,t as ce,u as le}from"./live.svelte.js";var ue=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-triangle-alert"
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
  <path d="m21.73 18-8-14a2 2 0 0 0-3.48 0l-8 14A2 2 0 0 0 4 21h16a2 2 0 0 0 1.73-3" />
  <path d="M12 9v4" />
  <path d="M12 17h.01" />
</svg>
`,de=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-x"
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
  <path d="M18 6 6 18" />
  <path d="m6 6 12 12" />
</svg>
`,fe=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-hard-drive"
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
  <path d="M10 16h.01" />
  <path d="M2.212 11.577a2 2 0 0 0-.212.896V18a2 2 0 0 0 2 2h16a2 2 0 0 0 2-2v-5.527a2 2 0 0 0-.212-.896L18.55 5.11A2 2 0 0 0 16.76 4H7.24a2 2 0 0 0-1.79 1.11z" />
  <path d="M21.946 12.013H2.054" />
  <path d="M6 16h.01" />
</svg>
`,pe=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-refresh-cw"
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
  <path d="M3 12a9 9 0 0 1 9-9 9.75 9.75 0 0 1 6.74 2.74L21 8" />
  <path d="M21 3v5h-5" />
  <path d="M21 12a9 9 0 0 1-9 9 9.75 9.75 0 0 1-6.74-2.74L3 16" />
  <path d="M8 16H3v5" />
</svg>
`,me=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-unplug"
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
  <path d="m19 5 3-3" />
  <path d="m2 22 3-3" />
  <path d="M6.3 20.3a2.4 2.4 0 0 0 3.4 0L12 18l-6-6-2.3 2.3a2.4 2.4 0 0 0 0 3.4Z" />
  <path d="M7.5 13.5 10 11" />
  <path d="M10.5 16.5 13 14" />
  <path d="m12 6 6 6 2.3-2.3a2.4 2.4 0 0 0 0-3.4l-2.6-2.6a2.4 2.4 0 0 0-3.4 0Z" />
</svg>
`,he=new Map;function V(e,t){let n=`${F.tag} ${e}`,r=he.get(n);return r||he.set(n,r=t(F.tag)),r}function ge(e){return V(`datetime`,e=>new Intl.DateTimeFormat(e,{dateStyle:`medium`,timeStyle:`medium`})).format(new Date(e))}function _e(e){return V(`day`,e=>new Intl.DateTimeFormat(e,{dateStyle:`medium`})).format(new Date(e))}function ve(e){return V(`clock`,e=>new Intl.DateTimeFormat(e,{timeStyle:`medium`})).format(new Date(e))}function H(e,t=0){return V(`number${t}`,e=>new Intl.NumberFormat(e,{maximumFractionDigits:t})).format(e)}function ye(e){return V(`percent`,e=>new Intl.NumberFormat(e,{style:`percent`,maximumFractionDigits:0})).format(e)}var be=[`B`,`kB`,`MB`,`GB`,`TB`,`PB`];function xe(e){let t=0;for(;Math.abs(e)>=999.5&&t<be.length-1;)e/=1e3,t++;return`${H(e,+(t>0&&Math.abs(e)<9.95))} ${be[t]}`}var Se=[[`year`,315576e5],[`month`,26298e5],[`day`,864e5],[`hour`,36e5],[`minute`,6e4],[`second`,1e3]];function Ce(e,t){let n=new Date(e).getTime()-t,[r,i]=Se.find(([,e])=>Math.abs(n)>=e)??[`second`,1e3];return V(`ago`,e=>new Intl.RelativeTimeFormat(e,{numeric:`auto`})).format(Math.round(n/i),r)}function we(e){let t=[[[`d`,`T`],864e5],[[`h`,`h`],36e5],[[`min`,`min`],6e4],[[`s`,`s`],1e3]],n=Math.max(0,t.findIndex(([,t])=>e>=t));if(e<1e3)return`${H(e/1e3,1)} s`;let r=[],i=e;for(let[e,a]of t.slice(n,n+2)){let t=Math.floor(i/a);i-=t*a,t>0&&r.push(`${H(t)} ${e[+(F.now===`de`)]}`)}return r.join(` `)}var U={cameras:[`Cameras`,`Kameras`],recordings:[`Recordings`,`Aufnahmen`],settings:[`Settings`,`Einstellungen`],logOut:[`Log out`,`Abmelden`],logIn:[`Log in`,`Anmelden`],account:[`Account`,`Konto`],welcome:[`Welcome`,`Willkommen`],skip:[`Skip to the content`,`Zum Inhalt springen`],navigation:[`Main`,`Hauptnavigation`],close:[`Close`,`Schließen`],cancel:[`Cancel`,`Abbrechen`],save:[`Save`,`Speichern`],saved:[`Saved.`,`Gespeichert.`],remove:[`Remove`,`Entfernen`],delete:[`Delete`,`Löschen`],copy:[`Copy`,`Kopieren`],copied:[`Copied`,`Kopiert`],tryAgain:[`Try again`,`Erneut versuchen`],loading:[`Loading…`,`Wird geladen…`],lost:[`The server cannot be reached. Trying again…`,`Der Server ist nicht erreichbar. Neuer Versuch…`],nothingHere:[`There is nothing here`,`Hier ist nichts`],nothingHereWords:[`This address leads nowhere, or to what you may not see.`,`Diese Adresse führt nirgendwohin, oder zu etwas, das Sie nicht sehen dürfen.`],toCameras:[`To the cameras`,`Zu den Kameras`],viewFailed:[`This part of the app could not be loaded`,`Dieser Teil der App konnte nicht geladen werden`],back:[`The connection is back.`,`Die Verbindung ist wieder da.`],updated:e=>[`Framegate was updated${e&&` to ${e}`}. This page is still of before.`,`Framegate wurde aktualisiert${e&&` (${e})`}. Diese Seite ist noch von vorher.`],reload:[`Reload`,`Neu laden`],refused:[`The configuration file has mistakes. The one of before stays in effect.`,`Die Konfigurationsdatei enthält Fehler. Die vorherige gilt weiter.`],toSettings:[`To the settings`,`Zu den Einstellungen`],diskMissing:e=>[`Nothing is recorded: ${e}`,`Es wird nichts aufgenommen: ${e}`],diskElsewhere:e=>[`Recordings are not in the folder that is configured: ${e}`,`Aufnahmen liegen nicht im konfigurierten Ordner: ${e}`],diskFull:e=>[`There is no room to record ${e}. Delete recordings, protect fewer of them, or allow more room.`,`Für Aufnahmen von ${e} ist kein Platz. Löschen Sie Aufnahmen, schützen Sie weniger davon, oder erlauben Sie mehr Platz.`],diskReadOnly:e=>[`${e} cannot be recorded: the disk is read-only. Mount it for writing.`,`${e}: Aufnehmen ist nicht möglich, das Laufwerk ist schreibgeschützt. Binden Sie es beschreibbar ein.`],diskGone:(e,t)=>[`${e} cannot be recorded${t&&`: ${t}`}`,`${e}: Aufnehmen ist nicht möglich${t&&`: ${t}`}`],diskSlow:e=>[`The disk is too slow for ${e}. What comes waits in memory, and what does not fit there is lost.`,`Das Laufwerk ist zu langsam für ${e}. Was kommt, wartet im Speicher; was dort nicht hineinpasst, geht verloren.`],diskCrammed:[`More than half of the room for recordings is protected by marks. Soon there may be none for new ones.`,`Mehr als die Hälfte des Platzes für Aufnahmen ist durch Markierungen geschützt. Bald kann für neue keiner mehr da sein.`],diskSlowSync:e=>[`The disk is slow: a power failure would cost the last ${e} s of recordings.`,`Das Laufwerk ist langsam: Ein Stromausfall würde die letzten ${e} s der Aufnahmen kosten.`],keys:[`Keys`,`Tastenkürzel`],everywhere:[`Everywhere`,`Überall`],showKeys:[`Show what the keys do`,`Zeigen, was die Tasten tun`],keySpace:[`Space`,`Leertaste`],keyShift:[`Shift`,`Umschalt`]},Te=6e3,W=A([]),Ee=A(null),De=0,Oe={get toasts(){return o(W)},get question(){return o(Ee)}};function ke(e,t,n){let r={id:++De,kind:e,words:t,...n&&{action:n}};C(W,[...o(W).filter(e=>e.words!==t),r].slice(-4)),e!==`bad`&&setTimeout(()=>Ae(r.id),Te)}function Ae(e){C(W,o(W).filter(t=>t.id!==e))}async function je(e,t){try{return await e(),t&&ke(`good`,t),!0}catch(e){return ke(`bad`,e instanceof Error?e.message:String(e)),!1}}function Me(e){return o(Ee)?.answer(!1),new Promise(t=>{C(Ee,{...e,answer:e=>{C(Ee,null),t(e)}})})}var Ne=t(`<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" class="svelte-dlgfve"></svg>`);function G(e,t){D(t,!0);let n=b(t,`size`,3,20),r=T(()=>t.svg.slice(t.svg.indexOf(`>`,t.svg.indexOf(`<svg`))+1,t.svg.lastIndexOf(`</svg>`)));var i=Ne();u(i,()=>o(r),!0),I(i),f(()=>{E(i,`width`,n()),E(i,`height`,n())}),s(e,i),j()}var Pe=[[`full`,`full`],[`read_only`,`read_only`],[`missing`,`gone`],[`slow`,`slow`]];function Fe(e){return[`missing`,`full`,`read_only`,`gone`].includes(e.kind)}function Ie(e){let t=e?.recordings;if(!t)return[];let n=e.cameras.filter(e=>e.recording&&e.recording.mode!==`off`),r=[];if(t.reason&&!t.volume)n.length>0&&r.push({kind:`missing`,reason:t.reason});else{t.reason&&r.push({kind:`elsewhere`,reason:t.reason});for(let[e,t]of Pe){let i=n.filter(t=>t.recording?.state===e);i.length>0&&r.push({kind:t,cameras:i.map(({id:e})=>e),reason:i[0]?.recording?.reason??``})}}return t.crammed&&r.push({kind:`crammed`}),t.slow_sync&&r.push({kind:`slow_sync`,seconds:t.sync_s}),r.sort((e,t)=>Number(Fe(t))-Number(Fe(e)))}var Le=L(`<p class="banner warn svelte-132beom"><!><span class="svelte-132beom"> </span></p>`),Re=L(`<p class="banner svelte-132beom"><!><span class="svelte-132beom"> </span> <button type="button" class="button"> </button></p>`),ze=L(`<p class="banner bad svelte-132beom"><!><span class="svelte-132beom"> </span> <a class="button"> </a></p>`),Be=L(`<p><!><span class="svelte-132beom"> </span> <button type="button" class="button bare icon svelte-132beom"><!></button></p>`),Ve=L(`<!> <!> <!>`,1),He=L(`<div class="banners" role="status"><!> <!></div>`);function Ue(t,n){D(n,!0);let r=b(n,`quiet`,3,!1),a=A(!1),l=A(``),u=A(!1),d=A([]),p=T(()=>o(l)!==``&&B.overview!==void 0&&B.overview.version!==o(l)),h=T(()=>Ie(B.overview).filter(({kind:e})=>!o(d).includes(e)));e(()=>{if(B.connection===`lost`){let e=setTimeout(()=>C(a,!0),2e3);return()=>clearTimeout(e)}B.connection===`open`&&v(()=>o(a))&&(C(a,!1),ke(`good`,M(U.back)))}),e(()=>{B.overview&&v(()=>o(l))===``&&C(l,B.overview.version,!0)}),e(()=>{let e=Ie(B.overview).map(({kind:e})=>e);v(()=>o(d)).some(t=>!e.includes(t))&&C(d,v(()=>o(d)).filter(t=>e.includes(t)))}),e(()=>{if(C(u,!1),!B.me?.admin)return;let e=()=>void R(`get`,`/api/v1/server`).then(e=>C(u,e.system?.refused??!1,!0),()=>void 0);return e(),ae([`ready`,`settings_changed`,`settings_refused`],e)});function g(e){return e.map(e=>B.camera(e)?.name||e).join(`, `)}function y(e){switch(e.kind){case`missing`:return U.diskMissing(e.reason);case`elsewhere`:return U.diskElsewhere(e.reason);case`full`:return U.diskFull(g(e.cameras));case`read_only`:return U.diskReadOnly(g(e.cameras));case`gone`:return U.diskGone(g(e.cameras),e.reason);case`slow`:return U.diskSlow(g(e.cameras));case`crammed`:return U.diskCrammed;case`slow_sync`:return U.diskSlowSync(H(e.seconds))}}var S=He(),w=P(S),ee=e=>{var t=Le(),n=P(t);G(n,{get svg(){return me}});var r=N(n),a=x(r,!0);I(t),f(e=>i(a,e),[()=>M(U.lost)]),s(e,t)};c(w,e=>{o(a)&&e(ee)});var te=N(w,2),ne=e=>{var t=Ve(),n=O(t),r=e=>{var t=Re(),n=P(t);G(n,{get svg(){return pe}});var r=N(n),a=x(r,!0),o=N(r,2),c=x(o,!0);I(t),f((e,t)=>{i(a,e),i(c,t)},[()=>M(U.updated(B.overview?.version??``)),()=>M(U.reload)]),_(`click`,o,()=>location.reload()),s(e,t)};c(n,e=>{o(p)&&e(r)});var a=N(n,2),l=e=>{var t=ze(),n=P(t);G(n,{get svg(){return ue}});var r=N(n),a=x(r,!0),o=N(r,2),c=x(o,!0);I(t),f((e,t,n)=>{i(a,e),E(o,`href`,t),i(c,n)},[()=>M(U.refused),()=>z(`settings`),()=>M(U.toSettings)]),s(e,t)};c(a,e=>{o(u)&&e(l)});var g=N(a,2);k(g,17,()=>o(h),e=>e.kind,(e,t)=>{var n=Be(),r=P(n);G(r,{get svg(){return fe}});var a=N(r),c=x(a,!0),l=N(a,2);G(P(l),{get svg(){return de}}),I(l),I(n),f((e,t,r,a)=>{m(n,1,`banner ${e??``}`,`svelte-132beom`),i(c,t),E(l,`aria-label`,r),E(l,`title`,a)},[()=>Fe(o(t))?`bad`:`warn`,()=>M(y(o(t))),()=>M(U.close),()=>M(U.close)]),_(`click`,l,()=>C(d,[...o(d),o(t).kind])),s(e,n)}),s(e,t)};c(te,e=>{r()||e(ne)}),I(S),s(t,S),j()}h([`click`]),y();var We=L(`<footer class="row svelte-1imcvvr"><!></footer>`),Ge=L(`<dialog><div class="inside stack svelte-1imcvvr"><header class="row svelte-1imcvvr"><h2> </h2> <button type="button" class="button bare icon spread"><!></button></header> <!> <!></div></dialog>`);function Ke(e,t){let r=g();D(t,!0);let o=b(t,`wide`,3,!1);function l(e){let t=document.activeElement;return e.showModal(),()=>t?.focus()}function u(e){e.target===e.currentTarget&&t.onclose()}var d=Ge();let p;var h=P(d),v=P(h),y=P(v),S=x(y,!0),C=N(y,2);G(P(C),{get svg(){return de}}),I(C),I(v);var w=N(v,2);n(w,()=>t.children);var T=N(w,2),ee=e=>{var r=We(),i=P(r);n(i,()=>t.actions),I(r),s(e,r)};c(T,e=>{t.actions&&e(ee)}),I(h),I(d),ie(d,()=>l),f(e=>{E(d,`aria-labelledby`,r),p=m(d,1,`svelte-1imcvvr`,null,p,{wide:o()}),E(y,`id`,r),i(S,t.title),E(C,`aria-label`,e)},[()=>M(U.close)]),a(`cancel`,d,e=>(e.preventDefault(),t.onclose())),_(`pointerdown`,d,u),_(`click`,C,function(...e){t.onclose?.apply(this,e)}),s(e,d),j()}h([`pointerdown`,`click`]);var qe=L(`<button type="button" class="button"> </button>`),Je=L(`<div><p> </p> <!> <button type="button" class="button bare icon"><!></button></div>`),Ye=L(`<button type="button" class="button"> </button> <button type="button" class="button danger primary"> </button>`,1),Xe=L(`<p> </p>`),Ze=L(`<div class="toasts svelte-n2by4g" role="status" aria-live="polite"></div> <!>`,1);function Qe(e,t){D(t,!1),S();var n=Ze(),r=O(n);k(r,5,()=>Oe.toasts,e=>e.id,(e,t)=>{var n=Je(),r=P(n),a=x(r,!0),l=N(r,2),u=e=>{var n=qe(),r=x(n,!0);f(()=>i(r,o(t).action.words)),_(`click`,n,()=>(o(t).action?.run(),Ae(o(t).id))),s(e,n)};c(l,e=>{o(t).action&&e(u)});var d=N(l,2);G(P(d),{get svg(){return de}}),I(d),I(n),f(e=>{m(n,1,`toast ${o(t).kind??``}`,`svelte-n2by4g`),i(a,o(t).words),E(d,`aria-label`,e)},[()=>M(U.close)]),_(`click`,d,()=>Ae(o(t).id)),s(e,n)}),I(r);var a=N(r,2),l=e=>{let t=w(()=>Oe.question);Ke(e,{get title(){return o(t).title},onclose:()=>o(t).answer(!1),actions:e=>{var n=Ye(),r=O(n),a=x(r,!0),c=N(r,2),l=x(c,!0);f(e=>{i(a,e),i(l,o(t).deed)},[()=>M(U.cancel)]),_(`click`,r,()=>o(t).answer(!1)),_(`click`,c,()=>o(t).answer(!0)),s(e,n)},children:(e,n)=>{var r=Xe(),a=x(r,!0);f(()=>i(a,o(t).words)),s(e,r)},$$slots:{actions:!0,default:!0}})};c(a,e=>{Oe.question&&e(l)}),s(e,n),j()}h([`click`]);var $e=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-cctv"
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
  <path d="M16.75 12h3.632a1 1 0 0 1 .894 1.447l-2.034 4.069a1 1 0 0 1-1.708.134l-2.124-2.97" />
  <path d="M17.106 9.053a1 1 0 0 1 .447 1.341l-3.106 6.211a1 1 0 0 1-1.342.447L3.61 12.3a2.92 2.92 0 0 1-1.3-3.91L3.69 5.6a2.92 2.92 0 0 1 3.92-1.3z" />
  <path d="M2 19h3.76a2 2 0 0 0 1.8-1.1L9 15" />
  <path d="M2 21v-4" />
  <path d="M7 9h.01" />
</svg>
`,et=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-film"
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
  <rect width="18" height="18" x="3" y="3" rx="2" />
  <path d="M7 3v18" />
  <path d="M3 7.5h4" />
  <path d="M3 12h18" />
  <path d="M3 16.5h4" />
  <path d="M17 3v18" />
  <path d="M17 7.5h4" />
  <path d="M17 16.5h4" />
</svg>
`,tt=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-settings"
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
  <path d="M9.671 4.136a2.34 2.34 0 0 1 4.659 0 2.34 2.34 0 0 0 3.319 1.915 2.34 2.34 0 0 1 2.33 4.033 2.34 2.34 0 0 0 0 3.831 2.34 2.34 0 0 1-2.33 4.033 2.34 2.34 0 0 0-3.319 1.915 2.34 2.34 0 0 1-4.659 0 2.34 2.34 0 0 0-3.32-1.915 2.34 2.34 0 0 1-2.33-4.033 2.34 2.34 0 0 0 0-3.831A2.34 2.34 0 0 1 6.35 6.051a2.34 2.34 0 0 0 3.319-1.915" />
  <circle cx="12" cy="12" r="3" />
</svg>
`,nt=`<!-- @license lucide-static v1.62.0 - ISC -->
<svg
  class="lucide lucide-log-out"
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
  <path d="m16 17 5-5-5-5" />
  <path d="M21 12H9" />
  <path d="M9 21H5a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2h4" />
</svg>
`,K=A(rt()),q=null;function rt(){return{path:le(new URL(location.href))??`/`,query:new URLSearchParams(location.search),hash:location.hash.slice(1)}}var J={get path(){return o(K).path},get query(){return o(K).query},get hash(){return o(K).hash}};function it(e,{replace:t=!1}={}){if(e!==J.path&&q&&!q())return;let n=z(e);t?history.replaceState(null,``,n):history.pushState(null,``,n),C(K,rt()),t||scrollTo(0,0)}function at(e,{push:t=!1}={}){let n=new URLSearchParams(o(K).query);for(let[t,r]of Object.entries(e))r===null?n.delete(t):n.set(t,r);let r=n.toString();if(r===o(K).query.toString())return;let i=z(o(K).path)+(r&&`?${r}`);t?history.pushState(null,``,i):history.replaceState(null,``,i),C(K,rt())}function ot(e){return q=e,()=>{q===e&&(q=null)}}function st(){let e=()=>{C(K,rt())},t=e=>{if(e.defaultPrevented||e.button!==0||e.metaKey||e.ctrlKey||e.shiftKey||e.altKey)return;let t=e.target.closest(`a[href]`);if(!t||t.target||t.hasAttribute(`download`))return;let n=new URL(t.href),r=le(n);r!==null&&ct(r)&&(e.preventDefault(),it(r+n.search+n.hash))};return addEventListener(`popstate`,e),document.addEventListener(`click`,t),()=>{removeEventListener(`popstate`,e),document.removeEventListener(`click`,t)}}function ct(e){return/^\/(|login|welcome|camera\/[^/]+|broadcast\/[^/]+|(recordings|settings)(\/[^/]+)?)$/.test(e)}var lt=L(`<a class="svelte-1h1hvte"><!><span class="svelte-1h1hvte"> </span></a>`),ut=L(`<div class="who svelte-1h1hvte"><span class="quiet name svelte-1h1hvte"> </span> <button type="button" class="button bare icon"><!></button></div>`),dt=L(`<a class="skip svelte-1h1hvte" href="#main"> </a> <header class="svelte-1h1hvte"><a class="brand svelte-1h1hvte"><img alt="" width="24" height="24"/><span class="svelte-1h1hvte">Framegate</span></a> <nav class="svelte-1h1hvte"></nav> <!></header>`,1);function ft(e,t){D(t,!0);let n=T(()=>B.me?.admin||B.cameras?.some(e=>oe(e,`playback`))),r=T(()=>B.me?.admin||B.me?.kind===`user`),a=T(()=>[{href:``,icon:$e,text:U.cameras,here:/^\/($|camera\/|broadcast\/)/.test(J.path),shown:!0},{href:`recordings`,icon:et,text:U.recordings,here:J.path.startsWith(`/recordings`),shown:o(n)},{href:`settings`,icon:tt,text:U.settings,here:J.path.startsWith(`/settings`),shown:o(r)}].filter(({shown:e})=>e));async function l(){await je(()=>R(`post`,`/api/v1/logout`))&&se(null)}var u=dt(),d=O(u),p=x(d,!0),m=N(d,2),h=P(m),g=P(h);re(),I(h);var v=N(h,2);k(v,21,()=>o(a),e=>e.href,(e,t)=>{var n=lt(),r=P(n);G(r,{get svg(){return o(t).icon}});var a=N(r),c=x(a,!0);I(n),f((e,r,a)=>{E(n,`href`,e),E(n,`aria-current`,o(t).here?`page`:void 0),E(n,`title`,r),i(c,a)},[()=>z(o(t).href),()=>M(o(t).text),()=>M(o(t).text)]),s(e,n)}),I(v);var y=N(v,2),b=e=>{var t=ut(),n=P(t),r=x(n,!0),a=N(n,2);G(P(a),{get svg(){return nt}}),I(a),I(t),f((e,t)=>{i(r,B.me.name),E(a,`title`,e),E(a,`aria-label`,t)},[()=>M(U.logOut),()=>M(U.logOut)]),_(`click`,a,l),s(e,t)};c(y,e=>{B.me?.kind===`user`&&e(b)}),I(m),f((e,t,n,r)=>{i(p,e),E(h,`href`,t),E(g,`src`,n),E(v,`aria-label`,r)},[()=>M(U.skip),()=>z(``),()=>z(`assets/icon.svg`),()=>M(U.navigation)]),_(`click`,d,e=>(e.preventDefault(),document.getElementById(`main`)?.focus())),s(e,u),j()}h([`click`]);var Y=A([]),pt={get groups(){return o(Y)}};function mt(e,t){let n={title:e,keys:t};return C(Y,[n,...o(Y)]),()=>{C(Y,o(Y).filter(e=>e!==n))}}function ht(){return addEventListener(`keydown`,gt),()=>removeEventListener(`keydown`,gt)}function gt(e){if(!(e.defaultPrevented||e.ctrlKey||e.metaKey||e.altKey||e.isComposing||vt(e))){for(let t of o(Y))for(let n of t.keys)if(n.run&&n.keys.some(t=>_t(t,e))&&n.run(e)!==!1){e.preventDefault();return}}}function _t(e,t){let n=e.startsWith(`Shift+`),r=n?e.slice(6):e,i=r.length>1||r===` `;return t.key===r&&(!i||t.shiftKey===n)}function vt(e){let[t]=e.composedPath();return document.querySelector(`dialog[open]`)?!0:t instanceof HTMLElement?t.isContentEditable||t.matches(`textarea, select, input:not([type="checkbox"], [type="radio"], [type="button"])`)?!0:/^(Arrow|Page|Home$|End$)/.test(e.key)?t.closest(`[role="slider"], [role="tablist"], [role="listbox"], [role="menu"], [role="grid"], input[type="radio"]`)!==null:(e.key===` `||e.key===`Enter`)&&t.closest(`a[href], button, summary, input, [role="button"]`)!==null:!1}var yt=L(`<span class="quiet">/</span>`),bt=L(`<kbd class="svelte-185agwb"> </kbd>`),xt=L(`<!> <!>`,1),St=L(`<dt class="svelte-185agwb"></dt> <dd> </dd>`,1),Ct=L(`<section><h3> </h3> <dl class="svelte-185agwb"></dl></section>`);function wt(e,t){D(t,!0);let n={ArrowLeft:`←`,ArrowRight:`→`,ArrowUp:`↑`,ArrowDown:`↓`};function r(e){let t=e.startsWith(`Shift+`)?[`Shift`,e.slice(6)]:[e],[r]=t.slice(-1);return/^[A-Z]$/.test(r)&&t.unshift(`Shift`),t.map(e=>e===` `?M(U.keySpace):e===`Shift`?M(U.keyShift):e===`Escape`?`Esc`:n[e]??(e.length===1?e.toUpperCase():e))}{let n=T(()=>M(U.keys));Ke(e,{get title(){return o(n)},get onclose(){return t.onclose},children:(e,t)=>{var n=p(),a=O(n);k(a,16,()=>pt.groups,e=>e,(e,t)=>{var n=Ct(),a=P(n),l=x(a,!0),u=N(a,2);k(u,20,()=>t.keys,e=>e,(e,t)=>{var n=St(),a=O(n);k(a,22,()=>t.keys,e=>e,(e,t,n)=>{var a=xt(),l=O(a),u=e=>{var t=yt();s(e,t)};c(l,e=>{o(n)>0&&e(u)});var d=N(l,2);k(d,16,()=>r(t),e=>e,(e,t)=>{var n=bt(),r=x(n,!0);f(()=>i(r,t)),s(e,n)}),s(e,a)}),I(a);var l=N(a,2),u=x(l,!0);f(e=>i(u,e),[()=>M(t.does)]),s(e,n)}),I(u),I(n),f(e=>i(l,e),[()=>M(t.title)]),s(e,n)}),s(e,n)},$$slots:{default:!0}})}j()}var Tt=L(`<span class="turning svelte-i3bue7" aria-hidden="true"></span>`),Et=L(`<p class="quiet"> </p>`),Dt=L(`<div class="row svelte-i3bue7"><!></div>`),Ot=L(`<div><!> <p class="title svelte-i3bue7"> </p> <!> <!></div>`);function X(e,t){let r=b(t,`kind`,3,`info`),a=b(t,`words`,3,``);var o=Ot(),l=P(o),u=e=>{var t=Tt();s(e,t)};c(l,e=>{r()===`loading`&&e(u)});var d=N(l,2),p=x(d,!0),h=N(d,2),g=e=>{var t=Et(),n=x(t,!0);f(()=>i(n,a())),s(e,t)};c(h,e=>{a()&&e(g)});var _=N(h,2),v=e=>{var r=Dt(),i=P(r);n(i,()=>t.children),I(r),s(e,r)};c(_,e=>{t.children&&e(v)}),I(o),f(()=>{m(o,1,`notice ${r()??``}`,`svelte-i3bue7`),E(o,`role`,r()===`bad`?`alert`:`status`),i(p,t.title)}),s(e,o)}function kt(e){let t=typeof e==`object`&&e?e:{},n=At(t.groups)?.flatMap(e=>{let{name:t,cameras:n}=e??{};return typeof t==`string`&&t!==``?[{name:t,cameras:jt(n)??[]}]:[]}),{theme:r,language:i,grid:a}=t,o=jt(t.order),s=jt(t.hidden);return{...(r===`light`||r===`dark`)&&{theme:r},...(i===`en`||i===`de`)&&{language:i},...o&&{order:o},...s&&{hidden:s},...n&&{groups:n},...(a===1||a===4||a===9||a===16)&&{grid:a}}}function At(e){return Array.isArray(e)?e:void 0}function jt(e){return At(e)?.filter(e=>typeof e==`string`)}var Mt=500,Nt=`framegate-looks`,Z=A(Vt()),Q,Pt={get now(){return o(Z)}};function Ft(e){zt(Object.fromEntries(Object.entries({...o(Z),...e}).filter(([,e])=>e!==void 0))),clearTimeout(Q),Q=setTimeout(()=>void Rt(),Mt)}function It(){let e=()=>void Lt();e();let t=ae([`ready`,`preferences_changed`],e),n=()=>{Q!==void 0&&Rt()};return addEventListener(`pagehide`,n),()=>{t(),removeEventListener(`pagehide`,n),n()}}async function Lt(){if(Q!==void 0||!B.me||B.me.kind===`token`)return;let e=await R(`get`,`/api/v1/me/preferences`).catch(()=>null);e&&Q===void 0&&zt(kt(e))}async function Rt(){clearTimeout(Q),Q=void 0,B.me&&B.me.kind!==`token`&&await R(`put`,`/api/v1/me/preferences`,{body:o(Z),keepalive:!0}).catch(()=>void 0)}function zt(e){C(Z,e),Bt();try{localStorage.setItem(Nt,JSON.stringify({theme:e.theme,language:e.language}))}catch{}}function Bt(){o(Z).theme?document.documentElement.dataset.theme=o(Z).theme:delete document.documentElement.dataset.theme,F.choose(o(Z).language??null)}function Vt(){try{let{theme:e,language:t}=kt(JSON.parse(localStorage.getItem(Nt)??`{}`));return{...e&&{theme:e},...t&&{language:t}}}catch{return{}}}var Ht=(function(){let e=typeof document<`u`&&document.createElement(`link`).relList;return e&&e.supports&&e.supports(`modulepreload`)?`modulepreload`:`preload`})(),Ut=function(e,t){return new URL(e,t).href},Wt={},Gt=function(e){return e.pathname.endsWith(`.css`)},Kt=function(e,t,n){if(t in e)return e[t];let r=n();if(!r){e[t]=void 0;return}let i=r.then(()=>{e[t]=void 0},n=>{throw e[t]=void 0,n});return e[t]=i,i},$=function(e,t,n){let r=Promise.resolve();if(t&&t.length>0){let e,i=document.querySelector(`meta[property=csp-nonce]`),a=i?.nonce||i?.getAttribute(`nonce`);function o(e){return Promise.all(e.map(e=>Promise.resolve(e).then(e=>({status:`fulfilled`,value:e}),e=>({status:`rejected`,reason:e}))))}function s(e){return import.meta.resolve?new URL(import.meta.resolve(e)):new URL(e,import.meta.url)}r=o(t.map(t=>{t=Ut(t,n);let r=s(t),i=Gt(r);return Kt(Wt,r.href,()=>{if(e===void 0){e={all:new Set,styles:new Set};let t=document.getElementsByTagName(`link`);for(let n=t.length-1;n>=0;n--){let r=t[n];e.all.add(r.href),r.rel===`stylesheet`&&e.styles.add(r.href)}}if((i?e.styles:e.all).has(r.href))return;let t=document.createElement(`link`);if(t.rel=i?`stylesheet`:Ht,i||(t.as=`script`),t.crossOrigin=``,t.href=r.href,a&&t.setAttribute(`nonce`,a),document.head.appendChild(t),i)return new Promise((e,n)=>{let i=a=>{t.removeEventListener(`load`,i),t.removeEventListener(`error`,i),a.type===`error`?n(Error(`Unable to preload CSS for ${r}`)):e(a)};t.addEventListener(`load`,i),t.addEventListener(`error`,i)})})}).filter(e=>e!==void 0))}function i(e){let t=new Event(`vite:preloadError`,{cancelable:!0});if(t.payload=e,window.dispatchEvent(t),!t.defaultPrevented)throw e}return r.then(t=>{for(let e of t||[])e.status===`rejected`&&i(e.reason);return e().catch(i)})},qt=[[`/`,()=>$(()=>import(`./Wall.js`),[],import.meta.url),{title:U.cameras}],[`/camera/:id`,()=>$(()=>import(`./Camera.js`),[],import.meta.url)],[`/recordings/:part?`,()=>$(()=>import(`./Recordings.js`),[],import.meta.url),{title:U.recordings}],[`/broadcast/:id`,()=>$(()=>import(`./Broadcast.js`).then(e=>e.t),[],import.meta.url)],[`/settings/:part?`,()=>$(()=>import(`./Settings2.js`).then(e=>e.t),[],import.meta.url),{title:U.settings}],[`/welcome`,()=>$(()=>import(`./Welcome.js`),[],import.meta.url),{bare:!0,title:U.welcome}]];function Jt(e){for(let[t,n,r]of qt){let i=Zt(t,e);if(i)return{key:`${t} ${i.id??``}`,load:()=>Xt(t,n),parameters:i,...r}}return null}var Yt=new Map;function Xt(e,t){let n=Yt.get(e);return n||(n=t(),Yt.set(e,n),n.catch(()=>Yt.delete(e))),n}function Zt(e,t){let n=e.split(`/`).slice(1),r=t.split(`/`).slice(1);if(r.length>n.length)return null;let i={};for(let[e,t]of n.entries()){let n=r[e];if(!t.startsWith(`:`)){if(n!==t)return null}else if(n)try{i[t.replace(/[:?]/g,``)]=decodeURIComponent(n)}catch{return null}else if(!t.endsWith(`?`))return null}return i}var Qt=`framegate-welcomed`;function $t(){try{return localStorage.getItem(Qt)!==null}catch{return!0}}function en(){try{localStorage.setItem(Qt,`1`)}catch{}}var tn=L(`<a class="button"> </a>`),nn=L(`<button type="button" class="button"> </button>`),rn=L(`<!> <!> <main id="main" tabindex="-1" class="svelte-1n46e0p"><!></main> <!> <!>`,1);function an(t,n){D(n,!0);let a=T(()=>J.path),u=T(()=>Jt(o(a))),d=T(()=>J.query.has(`kiosk`)||!B.me||o(u)?.bare===!0);e(()=>{(B.me?.first_password||B.me?.admin&&B.cameras?.length===0)&&J.path===`/`&&!J.query.has(`kiosk`)&&!$t()&&it(`/welcome`,{replace:!0})}),e(()=>{B.me===null&&Oe.question?.answer(!1)});let m=T(()=>B.me===null?U.logIn:o(u)?.title);e(()=>{document.title=[o(m)&&M(o(m)),`Framegate`].filter(Boolean).join(` · `)});let h=A(!1);ee(()=>{Bt(),ce();let e=[st(),ht(),mt(U.everywhere,[{keys:[`?`],does:U.showKeys,run:()=>{C(h,!0)}}])];return()=>e.forEach(e=>e())}),e(()=>{document.documentElement.lang=F.now}),e(()=>B.me?It():void 0);var g=rn(),v=O(g),y=e=>{ft(e,{})};c(v,e=>{o(d)||e(y)});var b=N(v,2),S=e=>{{let t=T(()=>J.query.has(`kiosk`));Ue(e,{get quiet(){return o(t)}})}};c(b,e=>{B.me&&e(S)});var w=N(b,2),k=P(w),re=e=>{var t=p(),n=O(t),r=e=>{{let t=T(()=>M(U.lost));X(e,{kind:`bad`,get title(){return o(t)},get words(){return B.problem.message}})}},i=e=>{{let t=T(()=>M(U.loading));X(e,{kind:`loading`,get title(){return o(t)}})}};c(n,e=>{B.problem?e(r):e(i,-1)}),s(e,t)},ie=e=>{var t=p(),n=O(t);l(n,()=>$(()=>import(`./Login.js`),[],import.meta.url),null,(e,t)=>{var n=T(()=>{var{default:e}=o(t);return{Login:e}}),i=T(()=>o(n).Login),a=p(),c=O(a);r(c,()=>o(i),(e,t)=>{t(e,{get ended(){return B.ended}})}),s(e,a)}),s(e,t)},L=e=>{{let t=T(()=>M(U.nothingHere)),n=T(()=>M(U.nothingHereWords));X(e,{get title(){return o(t)},get words(){return o(n)},children:(e,t)=>{var n=tn(),r=x(n,!0);f((e,t)=>{E(n,`href`,e),i(r,t)},[()=>z(``),()=>M(U.toCameras)]),s(e,n)},$$slots:{default:!0}})}},ae=e=>{var t=p(),n=O(t);te(n,()=>o(u).key,e=>{var t=p(),n=O(t);l(n,()=>o(u).load(),null,(e,t)=>{var n=T(()=>{var{default:e}=o(t);return{View:e}}),i=T(()=>o(n).View),a=p(),c=O(a);r(c,()=>o(i),(e,t)=>{t(e,ne(()=>o(u).parameters))}),s(e,a)},(e,t)=>{{let n=T(()=>M(U.viewFailed)),r=T(()=>String(o(t)));X(e,{kind:`bad`,get title(){return o(n)},get words(){return o(r)},children:(e,t)=>{var n=nn(),r=x(n,!0);f(e=>i(r,e),[()=>M(U.tryAgain)]),_(`click`,n,()=>location.reload()),s(e,n)},$$slots:{default:!0}})}}),s(e,t)}),s(e,t)};c(k,e=>{B.me===void 0?e(re):B.me===null||J.path===`/login`?e(ie,1):o(u)?e(ae,-1):e(L,2)}),I(w);var R=N(w,2);Qe(R,{});var oe=N(R,2),se=e=>{wt(e,{onclose:()=>C(h,!1)})};c(oe,e=>{o(h)&&e(se)}),s(t,g),j()}h([`click`]);var on=document.querySelector(`link[rel=icon]`);on&&(on.href=z(`assets/icon.svg`));for(let e of document.querySelectorAll(`link[rel="icon"]`))e.href=e.href;d(an,{target:document.body});export{de as A,ve as C,H as D,we as E,ye as O,xe as S,_e as T,je as _,X as a,U as b,it as c,J as d,at as f,G as g,Ke as h,Pt as i,ue as j,pe as k,ot as l,$e as m,$ as n,wt as o,tt as p,Ft as r,mt as s,en as t,ct as u,Me as v,ge as w,Ce as x,ke as y};