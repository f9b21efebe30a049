import './base.css';
import './panel.css';
import './notebook.css';
