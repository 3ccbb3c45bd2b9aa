/** True in development and in `npm run build:demo`; false in what ships. */
declare const __DEMO__: boolean;
