import './base.css';
import './panel.css';
import './pages.css';
import './rundialog.css';
import './notebook.css';
import './compare.css';
